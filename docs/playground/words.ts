/** The words of the playground in each language. A missing one does not compile, and fails the build. */
import type { Attempts } from "@effect-venice/core"
import type { Locale } from "../../packages/testing/src/internal/explanations/locales.ts"
import type { Op } from "./state.ts"

export interface Words {
  readonly response: string
  readonly paste: string
  readonly pasteHint: string
  readonly fixture: string
  readonly chooseFixture: string
  readonly operation: string
  readonly unknownOperation: string
  readonly whichResponse: string
  readonly empty: string
  readonly tooLong: string
  readonly unreadable: string
  readonly choices: string
  readonly recognized: string
  readonly rules: {
    readonly code: string
    readonly documented: string
    readonly beginning: string
    readonly pattern: string
    readonly ownShape: string
    readonly shape: string
    readonly status: string
    readonly none: string
    readonly noResponse: string
  }
  readonly hint: string
  readonly noHint: string
  readonly redactions: string
  readonly noRedactions: string
  readonly inBody: string
  readonly times: string
  readonly body: string
  readonly truncated: string
  readonly asJson: string
  readonly encoded: string
  readonly format: string
  readonly handler: string
  readonly page: string
  readonly copy: string
  readonly copied: string
  readonly notCopied: string
  readonly policy: string
  readonly preset: string
  readonly steps: string
  readonly noSteps: string
  readonly addStep: string
  readonly add: string
  readonly remove: string
  readonly ops: Readonly<Record<Op, string>>
  readonly kind: string
  readonly base: string
  readonly factor: string
  readonly cap: string
  readonly retries: string
  readonly jitter: string
  readonly attempts: string
  readonly elapsedLimit: string
  readonly longestHint: string
  readonly refused: string
  readonly script: string
  readonly failure: string
  readonly hintSeconds: string
  readonly addFailure: string
  readonly noFailures: string
  readonly attemptSeconds: string
  readonly deadlineSeconds: string
  readonly recoversSeconds: string
  readonly recoversNote: string
  readonly drawing: string
  readonly drawAgain: string
  readonly succeeds: string
  readonly givesUp: string
  readonly reasons: Readonly<Record<Attempts.Reason, string>>
  readonly legendRequest: string
  readonly legendWait: string
  readonly legendHint: string
  readonly legendBand: string
  readonly legendDeadline: string
  readonly table: string
  readonly at: string
  readonly result: string
  readonly waits: string
  readonly between: string
  readonly success: string
  readonly chart: string
  readonly chartTitle: string
  readonly callersHeading: string
  readonly callers: string
  readonly half: string
  readonly most: string
  readonly requests: string
  readonly succeeded: string
  readonly arrivals: string
  readonly policyCode: string
  readonly badLink: string
  readonly copyLink: string
  readonly linkNote: string
}

export const words: Readonly<Record<Locale, Words>> = {
  en: {
    response: "A response",
    paste: "Paste a response",
    pasteHint:
      "The output of curl -i or curl -v, an entry of a HAR file, a line of a log, a code, a status or a message.",
    fixture: "Or pick a known response",
    chooseFixture: "Choose…",
    operation: "Operation of the request",
    unknownOperation: "not known",
    whichResponse: "Which of the responses",
    empty: "Paste a response to see its error.",
    tooLong: "The text is longer than 4 million characters.",
    unreadable: "This text is no failing response:",
    choices: "The text can mean several errors:",
    recognized: "How it was recognized",
    rules: {
      code: "By the machine code in the body:",
      documented: "By the documented message:",
      beginning: "By a wording, with which the message begins:",
      pattern: "By a wording, a pattern that the message matches:",
      ownShape: "By the shape of the response, which only this error has.",
      shape: "By the shape of the body, which is Venice's, and this status, whose default the error is:",
      status: "By the status alone, which means one code:",
      none: "Nothing identifies an error, so the category is that of the status:",
      noResponse: "The text names the error. It holds no response."
    },
    hint: "Hint",
    noHint: "The server does not say how long to wait.",
    redactions: "Redacted",
    noRedactions: "Nothing looks like a credential.",
    inBody: "the body",
    times: "times",
    body: "Body",
    truncated: "The error keeps the beginning of the body.",
    asJson: "The error as a plain object",
    encoded: "Encoded for a client",
    format: "Format",
    handler: "Handler",
    page: "The page of the error",
    copy: "Copy",
    copied: "Copied",
    notCopied: "The browser does not allow copying. Select the text instead.",
    policy: "A retry policy",
    preset: "Preset",
    steps: "Operations on it",
    noSteps: "None: the preset as it is.",
    addStep: "Operation",
    add: "Add",
    remove: "Remove",
    ops: {
      override: "replace a rule",
      without: "never retry kinds",
      only: "retry these kinds only",
      jittered: "change the jitter",
      limit: "limit",
      andThen: "continue with a second policy",
      stricter: "retry if both do",
      lenient: "retry if one does"
    },
    kind: "Kind",
    base: "First delay (seconds)",
    factor: "Factor",
    cap: "Longest delay (seconds)",
    retries: "Retries",
    jitter: "Jitter",
    attempts: "Attempts",
    elapsedLimit: "Elapsed time (seconds)",
    longestHint: "Longest hint (seconds)",
    refused: "The library refuses this policy:",
    script: "What happens to the call",
    failure: "Failure",
    hintSeconds: "Hint (seconds)",
    addFailure: "Add a failure",
    noFailures: "No failure: the first attempt succeeds.",
    attemptSeconds: "Each attempt takes (seconds)",
    deadlineSeconds: "Deadline (seconds)",
    recoversSeconds: "Server recovers after (seconds)",
    recoversNote: "If the server recovers after a time, the failures repeat until then.",
    drawing: "Attempts and delays",
    drawAgain: "Draw again",
    succeeds: "The call succeeds after {time}, with {attempts} attempts.",
    givesUp: "The policy gives up after {time}, with {attempts} attempts: {reason}.",
    reasons: {
      final: "this failure is never retried",
      retries: "no retries are left for this kind of failure",
      attempts: "no attempts are left",
      elapsed: "no time is left",
      hint: "the server asks for a longer delay than the policy accepts",
      deadline: "the delay would end after the deadline",
      replay: "sending the request again may charge or execute it twice",
      budget: "the retry budget is empty",
      outside: "something around the policy ended the retries"
    },
    legendRequest: "attempt",
    legendWait: "delay",
    legendHint: "hint",
    legendBand: "where the delay is drawn",
    legendDeadline: "deadline",
    table: "The same as a table",
    at: "Begins at",
    result: "Result",
    waits: "Delay",
    between: "Drawn between",
    success: "succeeded",
    chart: "All kinds of failures",
    chartTitle: "Delays of the policy by kind and retry",
    callersHeading: "Many callers at once",
    callers: "Callers that begin at the same moment",
    half: "half have ended after (p50)",
    most: "95 of 100 have ended after (p95)",
    requests: "requests sent",
    succeeded: "calls that succeed",
    arrivals: "Requests over time; the tallest bar is {most} requests in {time}.",
    policyCode: "Code of the policy",
    badLink: "The link holds no state that can be read. The page shows its example.",
    copyLink: "Copy a link to this state",
    linkNote:
      "The link has the state in its fragment, which browsers send to no server. What is redacted here is not in it."
  },
  // A time with its unit is isolated, which keeps its order.
  ar: {
    response: "استجابة",
    paste: "ألصق استجابة",
    pasteHint: "خرج curl -i أو curl -v، أو مُدخلة من ملف HAR، أو سطر من سجل، أو رمز، أو حالة HTTP، أو رسالة.",
    fixture: "أو اختر استجابة معروفة",
    chooseFixture: "اختر…",
    operation: "عملية الطلب",
    unknownOperation: "غير معروفة",
    whichResponse: "أي الاستجابات",
    empty: "ألصق استجابة لترى خطأها.",
    tooLong: "النص أطول من 4 ملايين محرف.",
    unreadable: "ليس هذا النص استجابة فاشلة:",
    choices: "قد يعني النص عدة أخطاء:",
    recognized: "كيف تم التعرّف عليه",
    rules: {
      code: "بالرمز الآلي في جسم الاستجابة:",
      documented: "بالرسالة الموثّقة:",
      beginning: "بصياغة تبدأ بها الرسالة:",
      pattern: "بصياغة هي نمط يطابق الرسالة:",
      ownShape: "بشكل الاستجابة، وهو لهذا الخطأ وحده.",
      shape: "بشكل جسم الاستجابة، وهو شكل Venice، وبهذه الحالة التي يكون الخطأ افتراضيًا لها:",
      status: "بالحالة وحدها، وهي تعني رمزًا واحدًا:",
      none: "لا شيء يحدّد الخطأ، فالفئة هي فئة الحالة:",
      noResponse: "يسمّي النص الخطأ، ولا يحتوي على استجابة."
    },
    hint: "مدة الانتظار المطلوبة",
    noHint: "لا يذكر الخادم كم يجب الانتظار.",
    redactions: "ما حُجب",
    noRedactions: "لا شيء يشبه بيانات اعتماد.",
    inBody: "جسم الاستجابة",
    times: "مرات",
    body: "جسم الاستجابة",
    truncated: "يحتفظ الخطأ ببداية جسم الاستجابة.",
    asJson: "الخطأ ككائن بسيط",
    encoded: "مرمَّزًا لعميل",
    format: "الصيغة",
    handler: "دالة المعالجة",
    page: "صفحة الخطأ",
    copy: "انسخ",
    copied: "تم النسخ",
    notCopied: "لا يسمح المتصفح بالنسخ. حدّد النص بدلًا من ذلك.",
    policy: "سياسة إعادة المحاولة",
    preset: "سياسة جاهزة",
    steps: "عمليات عليها",
    noSteps: "لا شيء: السياسة الجاهزة كما هي.",
    addStep: "عملية",
    add: "أضف",
    remove: "احذف",
    ops: {
      override: "استبدل قاعدة",
      without: "لا تُعِد محاولة أنواع",
      only: "أعد محاولة هذه الأنواع فقط",
      jittered: "غيّر التذبذب",
      limit: "ضع حدودًا",
      andThen: "تابع بسياسة ثانية",
      stricter: "أعد المحاولة إن وافقت السياستان",
      lenient: "أعد المحاولة إن وافقت إحداهما"
    },
    kind: "النوع",
    base: "أول مهلة (ثوانٍ)",
    factor: "المعامل",
    cap: "أطول مهلة (ثوانٍ)",
    retries: "مرات الإعادة",
    jitter: "التذبذب",
    attempts: "المحاولات",
    elapsedLimit: "الوقت المنقضي (ثوانٍ)",
    longestHint: "أطول انتظار مقبول (ثوانٍ)",
    refused: "ترفض المكتبة هذه السياسة:",
    script: "ما يحدث للاستدعاء",
    failure: "الإخفاق",
    hintSeconds: "الانتظار المطلوب (ثوانٍ)",
    addFailure: "أضف إخفاقًا",
    noFailures: "لا إخفاق: تنجح المحاولة الأولى.",
    attemptSeconds: "مدة كل محاولة (ثوانٍ)",
    deadlineSeconds: "الموعد النهائي (ثوانٍ)",
    recoversSeconds: "يتعافى الخادم بعد (ثوانٍ)",
    recoversNote: "إذا كان الخادم يتعافى بعد مدة، تتكرر الإخفاقات حتى ذلك الحين.",
    drawing: "المحاولات والمهل",
    drawAgain: "اسحب من جديد",
    succeeds: "ينجح الاستدعاء بعد \u2066{time}\u2069، وعدد المحاولات {attempts}.",
    givesUp: "تتوقف السياسة بعد \u2066{time}\u2069، وعدد المحاولات {attempts}: {reason}.",
    reasons: {
      final: "لا تُعاد المحاولة بعد هذا الإخفاق أبدًا",
      retries: "لم تبقَ إعادات لهذا النوع من الإخفاق",
      attempts: "لم تبقَ محاولات",
      elapsed: "لم يبقَ وقت",
      hint: "يطلب الخادم انتظارًا أطول مما تقبله السياسة",
      deadline: "ستنتهي المهلة بعد الموعد النهائي",
      replay: "قد يُحاسَب على الطلب أو يُنفَّذ مرتين إن أُرسل من جديد",
      budget: "ميزانية الإعادة فارغة",
      outside: "شيء حول السياسة أنهى الإعادات"
    },
    legendRequest: "محاولة",
    legendWait: "مهلة",
    legendHint: "الانتظار المطلوب",
    legendBand: "المجال الذي تُسحب منه المهلة",
    legendDeadline: "الموعد النهائي",
    table: "الشيء نفسه في جدول",
    at: "تبدأ عند",
    result: "النتيجة",
    waits: "المهلة",
    between: "سُحبت من بين",
    success: "نجحت",
    chart: "كل أنواع الإخفاق",
    chartTitle: "مهل السياسة حسب النوع والإعادة",
    callersHeading: "مستدعون كثيرون معًا",
    callers: "مستدعون يبدؤون في اللحظة نفسها",
    half: "انتهى نصفهم بعد (p50)",
    most: "انتهى 95 من 100 بعد (p95)",
    requests: "الطلبات المرسلة",
    succeeded: "الاستدعاءات الناجحة",
    arrivals: "الطلبات عبر الزمن؛ أعلى عمود {most} من الطلبات في \u2066{time}\u2069.",
    policyCode: "كود السياسة",
    badLink: "لا يحتوي الرابط على حالة يمكن قراءتها. تعرض الصفحة مثالها.",
    copyLink: "انسخ رابطًا إلى هذه الحالة",
    linkNote: "الحالة في جزء الرابط الذي لا ترسله المتصفحات إلى أي خادم. وما حُجب هنا ليس فيه."
  }
}

const pathsOf = (value: unknown, path: string): ReadonlyArray<string> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, member]) => pathsOf(member, `${path}.${name}`))
    : typeof value === "string" && value.trim() !== ""
    ? [path]
    : []

/** Throws if a language lacks a text. The build calls it, because it does not check types. */
export const checkTranslations = (all: Readonly<Record<string, unknown>> = words): void => {
  const [first, ...rest] = Object.entries(all).map(([locale, texts]) => [locale, new Set(pathsOf(texts, ""))] as const)
  for (const [locale, paths] of rest) {
    const missing = [...first![1], ...paths].filter((path) => !paths.has(path) || !first![1].has(path))
    if (missing.length > 0) throw new Error(`The words of the playground differ in ${locale}: ${missing.join(", ")}`)
  }
}
