/**
 * The crypto RPC: the methods of each family of chains, their prices, and what a node would answer.
 *
 * @internal
 */
import { Draw, hash } from "./draw.ts"

export const networks: ReadonlyArray<string> = [
  "arbitrum-mainnet",
  "arbitrum-sepolia",
  "avalanche-fuji",
  "avalanche-mainnet",
  "base-mainnet",
  "base-sepolia",
  "blast-mainnet",
  "blast-sepolia",
  "bsc-mainnet",
  "bsc-testnet",
  "ethereum-holesky",
  "ethereum-mainnet",
  "ethereum-sepolia",
  "linea-mainnet",
  "linea-sepolia",
  "optimism-mainnet",
  "optimism-sepolia",
  "polygon-amoy",
  "polygon-mainnet",
  "robinhood-mainnet",
  "robinhood-testnet",
  "solana-devnet",
  "solana-mainnet",
  "starknet-mainnet",
  "starknet-sepolia",
  "zksync-mainnet",
  "zksync-sepolia"
]

type Family = "evm" | "solana" | "starknet"

export const familyOf = (network: string): Family =>
  network.startsWith("solana") ? "solana" : network.startsWith("starknet") ? "starknet" : "evm"

const chainIds: Readonly<Record<string, number>> = {
  "arbitrum-mainnet": 42_161,
  "avalanche-mainnet": 43_114,
  "base-mainnet": 8453,
  "base-sepolia": 84_532,
  "bsc-mainnet": 56,
  "ethereum-mainnet": 1,
  "ethereum-sepolia": 11_155_111,
  "linea-mainnet": 59_144,
  "optimism-mainnet": 10,
  "polygon-mainnet": 137,
  "zksync-mainnet": 324
}

const stateful =
  /^eth_(?:new(?:Filter|BlockFilter|PendingTransactionFilter)|getFilter(?:Changes|Logs)|uninstallFilter)$/
const wallets = /^eth_(?:sign|accounts|getWork|submitWork|mining|hashrate)$/
const sockets = /^(?:eth_(?:un)?subscribe|\w+(?:Uns|S)ubscribe)$/

const families: Readonly<Record<Family, RegExp>> = {
  evm: /^(?:eth|net|web3|trace|debug|txpool|arbtrace|pimlico|zks|linea|bor)_\w{1,60}$/,
  starknet: /^starknet_\w{1,60}$/,
  solana: /^(?:get(?!Asset|Confirmed)\w{1,60}|sendTransaction|simulateTransaction|requestAirdrop|isBlockhashValid)$/
}

export const isSocketOnly = (method: string): boolean => sockets.test(method)

export const isSupported = (method: string, network: string): boolean =>
  families[familyOf(network)].test(method) && !stateful.test(method) && !wallets.test(method)

const large = /^(?:(?:arb)?trace_replay|txpool_content|getLargestAccounts|getSupply)/
const advanced = /^(?:(?:arb)?trace_|debug_|txpool_)/

/** The credits of a successful call. */
export const creditsOf = (method: string, network: string): number => {
  const base = network.startsWith("zksync") || network.startsWith("solana") ? 30 : 20
  return base * (large.test(method) ? 4 : advanced.test(method) ? 2 : 1)
}

/** What a call costs that the node refuses. */
export const errorCredits = 5

export const usdPerCredit = 7e-7

/** A new block every two seconds. */
const blockAt = (now: number): number => Math.floor(now / 2000)

const hex = (n: number): string => `0x${n.toString(16)}`

const hashOf = (text: string): string => `0x${new Draw(hash(text)).hex(64)}`

const block = (number: number) => ({
  number: hex(number),
  hash: hashOf(`block ${number}`),
  parentHash: hashOf(`block ${number - 1}`),
  timestamp: hex(number * 2),
  gasLimit: "0x1c9c380",
  gasUsed: "0x5208",
  baseFeePerGas: "0x3b9aca00",
  transactions: []
})

/** The result of a method, or nothing if the emulated node does not know it. */
export const resultOf = (method: string, parameters: unknown, network: string, now: number): unknown => {
  const seed = `${network} ${method} ${JSON.stringify(parameters ?? [])}`
  switch (method) {
    case "eth_chainId":
      return hex(chainIds[network] ?? 1000 + networks.indexOf(network))
    case "net_version":
      return String(chainIds[network] ?? 1000 + networks.indexOf(network))
    case "net_listening":
      return true
    case "web3_clientVersion":
      return "Emulated/v1.0.0"
    case "eth_blockNumber":
      return hex(blockAt(now))
    case "eth_getBalance":
      return hex(1_000_000_000 + hash(seed))
    case "eth_getTransactionCount":
    case "net_peerCount":
      return hex(hash(seed) % 100)
    case "eth_gasPrice":
    case "eth_maxPriorityFeePerGas":
      return "0x3b9aca00"
    case "eth_estimateGas":
      return "0x5208"
    case "eth_call":
      return `0x${"0".repeat(63)}1`
    case "eth_getCode":
      return "0x"
    case "eth_getLogs":
      return []
    case "eth_getBlockByNumber":
    case "eth_getBlockByHash":
      return block(blockAt(now))
    case "eth_sendRawTransaction":
    case "eth_sendUserOperation":
      return hashOf(seed)
    case "eth_getTransactionReceipt":
    case "eth_getTransactionByHash":
      return null
    case "starknet_chainId":
      return "0x534e5f4d41494e"
    case "starknet_blockNumber":
      return blockAt(now)
    case "getSlot":
    case "getBlockHeight":
      return blockAt(now)
    case "getHealth":
      return "ok"
    case "getBalance":
      return { context: { slot: blockAt(now) }, value: hash(seed) }
    case "getLatestBlockhash":
      return {
        context: { slot: blockAt(now) },
        value: { blockhash: hashOf(`block ${blockAt(now)}`).slice(2, 46), lastValidBlockHeight: blockAt(now) + 150 }
      }
    case "sendTransaction":
      return hashOf(seed).slice(2)
    default:
      return undefined
  }
}
