/**
 * The texts about errors and categories in English.
 *
 * @internal
 */
import { Category } from "@effect-venice/core"
import type { Texts } from "./texts.ts"

export const en: Texts = {
  errors: {
    AUTHENTICATION_FAILED: {
      title: "Authentication failed",
      happened:
        "Venice does not accept the API key: it is unknown, expired or revoked, or the route needs an admin key.",
      remedy:
        "Send another key. Check that the variable that holds it has no spaces, quotation marks or line breaks, and "
        + "use an admin key for routes that manage keys and billing."
    },
    AUTHENTICATION_FAILED_INACTIVE_KEY: {
      title: "Authentication failed: the subscription is inactive",
      happened: "The key is valid, but the Pro subscription of its account has ended.",
      remedy: "Renew the subscription, or use the key of another account. The same key works again after the renewal."
    },
    X402_INVALID_SIGN_IN: {
      title: "Invalid wallet sign-in",
      happened: "The sign-in of the wallet is wrong or expired, or its nonce was used before.",
      remedy: "Sign a new message for every attempt, and check the clock and the chain of the signer. Sending the same "
        + "signature again always fails."
    },
    PRO_ONLY_MODEL: {
      title: "The model is only available to Pro users",
      happened: "The plan of the account does not include the model.",
      remedy: "Use another model, or upgrade the account."
    },
    INSUFFICIENT_BALANCE: {
      title: "Insufficient balance",
      happened: "Neither the USD balance nor the DIEM balance of the account covers the request.",
      remedy: "Add credit in the API settings of Venice. Every billed request fails until then, so stop the others too."
    },
    API_KEY_DIEM_SPEND_LIMIT_EXCEEDED: {
      title: "The key's DIEM spend limit is exceeded",
      happened: "This key has spent the DIEM that it may spend. The account may still have a balance.",
      remedy: "Raise the limit of the key, or use another key."
    },
    API_KEY_USD_SPEND_LIMIT_EXCEEDED: {
      title: "The key's USD spend limit is exceeded",
      happened: "This key has spent the USD that it may spend. The account may still have a balance.",
      remedy: "Raise the limit of the key, or use another key."
    },
    UNAUTHORIZED: {
      title: "Unauthorized access",
      happened:
        "The credentials are valid, but they do not allow this request: because of the region, the model privacy "
        + "of the key, or a feature that the account may not use, such as voice cloning.",
      remedy: "Read `message`, which says what is not allowed. Change the settings of the key, or the request."
    },
    API_ACCESS_DISABLED: {
      title: "API access is disabled",
      happened: "Venice has closed the API for this account.",
      remedy: "Contact support@venice.ai. Other keys of the account fail too."
    },
    X402_WALLET_MISMATCH: {
      title: "The wallet is not the one that signed in",
      happened: "The wallet in the path is not the wallet that signed in.",
      remedy: "Use the address of the wallet that signs. A wallet can only read its own balance and transactions."
    },
    INVALID_REQUEST: {
      title: "Invalid request parameters",
      happened: "The body is malformed, or a field is missing or has a wrong value.",
      remedy:
        "Correct the fields that `issues` lists, each with its path and Venice's message; `details` has the same as a "
        + "tree. The same request always fails, and counts against the failure budget of the key."
    },
    INVALID_MODEL: {
      title: "Invalid model",
      happened: "The model exists, but it does not support this operation.",
      remedy: "Use a model of the type that the operation needs. `GET /models` lists the models by `type`."
    },
    REQUEST_ID_NOT_FOUND: {
      title: "Invalid request id",
      happened: "Venice knows no job with this queue id.",
      remedy: "Use the `queue_id` of the response that queued the job, with the same model."
    },
    INVALID_AUDIO_FORMAT: {
      title: "Invalid audio format",
      happened: "Venice does not support the format of the audio.",
      remedy: "Convert the audio to WAV or MP3. Venice reads the content of a file, so another file name does not help."
    },
    INVALID_VIDEO_FORMAT: {
      title: "Invalid video format",
      happened: "Venice does not support the format of the video.",
      remedy: "Convert the video to a format in the message, such as MP4, MOV or WebM."
    },
    CORRUPTED_IMAGE: {
      title: "The image is corrupted or unreadable",
      happened:
        "Venice cannot decode the image. Often the file is incomplete, or its Base64 text was cut or encoded twice.",
      remedy: "Open the file that you send, and export it again as PNG or JPEG."
    },
    IMAGE_TOO_SMALL: {
      title: "The image is too small",
      happened: "The image has fewer pixels than the operation needs.",
      remedy: "Send a larger image, or scale it up first."
    },
    TOO_MANY_TOKENS: {
      title: "The request exceeds the model's context",
      happened:
        "The prompt, together with the completion that it reserves, has more tokens than the context of the model.",
      remedy:
        "Drop or summarize earlier messages, lower `max_completion_tokens`, or use a model with a larger context. "
        + "`inputTokens` and `maxTokens` are the two counts, where the provider says them."
    },
    CHARACTER_NOT_FOUND: {
      title: "Character not found",
      happened: "No public character has this slug.",
      remedy: "Take the slug from `GET /characters`."
    },
    MODEL_NOT_FOUND: {
      title: "Model not found",
      happened: "No model has this id, or Venice no longer serves it.",
      remedy: "Use one of `suggestions`, or an id of `GET /models`. `model` is the id that Venice read."
    },
    MEDIA_NOT_FOUND: {
      title: "Media not found",
      happened: "The media of the job has expired or was deleted, or the request to get it is wrong.",
      remedy: "Run the job again if you have not downloaded its media. Store what you download: Venice keeps it for a "
        + "limited time."
    },
    PAYLOAD_TOO_LARGE: {
      title: "The request is too large",
      happened: "The body of the request, or a file in it, is larger than Venice allows.",
      remedy: "Send less: compress or shorten the file, or pass its URL where the operation takes one."
    },
    INVALID_CONTENT_TYPE: {
      title: "Invalid content type",
      happened:
        "Venice does not accept the media type or the encoding of the body. Usually the header `Content-Type` is "
        + "missing or is not `application/json`.",
      remedy:
        "Set `Content-Type` to the type that the operation documents. Let the client set it for `FormData`, because it "
        + "contains the boundary."
    },
    VIDEO_DURATION_TOO_LONG: {
      title: "The video is too long",
      happened: "The video is longer than the model allows.",
      remedy: "Cut the video, or use a model that takes longer ones."
    },
    VIDEO_DURATION_TOO_SHORT: {
      title: "The video is too short",
      happened: "The video is shorter than the model needs.",
      remedy: "Send a longer video."
    },
    IMAGE_TOO_LARGE: {
      title: "The image is too large",
      happened: "The image has more pixels than the operation allows.",
      remedy: "Scale the image down. The limit is on its width and height, not on the size of the file."
    },
    CONTENT_POLICY_VIOLATION: {
      title: "The prompt violates the content policy",
      happened:
        "Venice, or the provider of the model, refused the prompt or the result. A blocked image arrives with the "
        + "status 200 and a header.",
      remedy: "Change the prompt (`suggestedPrompt` may have one that is accepted), or use `recommendedModel`. "
        + "`creditsRefunded` says whether Venice returned the credits of a job."
    },
    ASR_UPSTREAM_VALIDATION_FAILED: {
      title: "The audio could not be processed",
      happened:
        "The audio cannot be transcribed: it is empty, silent, corrupt, or in a language that is not supported.",
      remedy: "Listen to the file that you send, and correct it. The same file fails again."
    },
    RATE_LIMIT_EXCEEDED: {
      title: "Rate limit exceeded",
      happened:
        "The key has made too many requests, used too many tokens, made too many calls at once, or had too many "
        + "failed requests. `limit` says which, where the response tells.",
      remedy:
        "Wait for `response.retryAfter`, and send requests more slowly. After too many failures, Venice refuses every "
        + "request with the same key, model and user for 30 seconds: find the failing request."
    },
    MODEL_OVERLOADED: {
      title: "The model is overloaded",
      happened: "The model has more requests than it can serve. Your own limits are not the cause.",
      remedy: "Wait for `response.retryAfter`, or use another model."
    },
    INFERENCE_FAILED: {
      title: "Inference failed",
      happened: "The run of the model failed on Venice's side.",
      remedy: "Send the request again. If it always fails, use another model and report the request id to Venice."
    },
    UPSCALE_FAILED: {
      title: "Image upscaling failed",
      happened: "The upscaling failed on Venice's side.",
      remedy: "Send the request again. If it always fails for one image, export the image again or lower the scale."
    },
    IMAGE_EDIT_ERROR: {
      title: "Image edit failed",
      happened: "The edit of the image failed on Venice's side.",
      remedy: "Send the request again. If it always fails for one image, export the image again or change the prompt."
    },
    UNKNOWN_ERROR: {
      title: "An unknown error occurred",
      happened: "Something failed on Venice's side, and the response does not say what.",
      remedy: "Send the request again. If it always fails, report the request id to Venice."
    },
    TEE_ATTESTATION_FAILED: {
      title: "The TEE attestation request failed",
      happened: "The provider of the trusted execution environment (TEE) did not return an attestation.",
      remedy: "Send the request again. Do not use the model as attested before an attestation succeeds."
    },
    TEE_SIGNATURE_FAILED: {
      title: "The TEE signature request failed",
      happened: "The provider of the trusted execution environment (TEE) did not return a signature.",
      remedy: "Send the request again. Do not treat the response as signed before a signature is verified."
    },
    ASR_UPSTREAM_FAILED: {
      title: "Transcription failed temporarily",
      happened:
        "The provider of the transcription failed. The audio is not the cause, and Venice does not bill the call.",
      remedy: "Send the request again."
    },
    MODEL_OFFLINE: {
      title: "The model is offline",
      happened: "The model is temporarily out of service.",
      remedy: "Wait, or use another model."
    },
    MODEL_AT_CAPACITY: {
      title: "The model is at capacity",
      happened: "The queue of the model is full.",
      remedy: "Wait, or use another model."
    },
    REQUEST_TIMEOUT: {
      title: "The request took too long",
      happened: "Venice stopped waiting for the model. The run may have been billed.",
      remedy: "Set `stream` to `true`, or ask for a shorter completion. A second attempt takes as long as the first."
    },
    PAYMENT_REQUIRED: {
      title: "Payment required",
      happened:
        "The request had no credentials, or the balance of the wallet is below the minimum; `reason` says which. "
        + "Venice answers a missing key with this error and not with a 401.",
      remedy: "Send the key (is `VENICE_API_KEY` set where the program runs?), or pay by the `offer`."
    },
    CONSENT_REQUIRED: {
      title: "Consent required",
      happened: "The media of the job shows faces, and the model needs the consent of the persons.",
      remedy: "Ask your user for the consent that `consentFlow` describes, and queue the job again with it."
    },
    GONE: {
      title: "Gone",
      happened: "The route or the model was retired, or the download has expired.",
      remedy: "Use `successor`, where the response names one. `sunset` is the day from which it is gone."
    },
    UNRECOGNIZED_RESPONSE: {
      title: "An unrecognized response",
      happened:
        "The response matches no error of Venice. Often a proxy, a firewall or a relay answered, and not Venice.",
      remedy: "Read `response.body`. The `category` follows from the status and says what may help. If Venice sent the "
        + "response, please report its status and its body."
    }
  },
  categories: {
    Authentication: {
      title: "Authentication",
      remedy: Category.remedies.Authentication,
      meaning: "Venice does not know who sends the request. No request with these credentials succeeds."
    },
    Permission: {
      title: "Permission",
      remedy: Category.remedies.Permission,
      meaning:
        "Venice knows who sends the request, and does not allow it. A person must change the plan, the settings of "
        + "the key, or the choice of the model."
    },
    Billing: {
      title: "Billing",
      remedy: Category.remedies.Billing,
      meaning:
        "There is no money for the request. Every billed request fails until somebody pays, so stop and tell them."
    },
    InvalidRequest: {
      title: "Invalid request",
      remedy: Category.remedies.InvalidRequest,
      meaning: "The request itself is wrong. It is a mistake of the program, or of the input that it passes on."
    },
    InvalidMedia: {
      title: "Invalid media",
      remedy: Category.remedies.InvalidMedia,
      meaning: "A file in the request cannot be used. Usually the user of your program must choose another one."
    },
    ContextLength: {
      title: "Context length",
      remedy: Category.remedies.ContextLength,
      meaning: "The text is too long for the model. The program can shorten it and try again with another request."
    },
    NotFound: {
      title: "Not found",
      remedy: Category.remedies.NotFound,
      meaning: "The request names something that does not exist, or no longer exists."
    },
    ContentPolicy: {
      title: "Content policy",
      remedy: Category.remedies.ContentPolicy,
      meaning: "The content is refused. The same prompt is refused again; another prompt or another model may not be."
    },
    RateLimit: {
      title: "Rate limit",
      remedy: Category.remedies.RateLimit,
      meaning: "The key has used up a limit. The same request succeeds later, and no other model helps."
    },
    Capacity: {
      title: "Capacity",
      remedy: Category.remedies.Capacity,
      meaning: "The model has no room, whoever asks. The same request succeeds later, or at once with another model."
    },
    Server: {
      title: "Server error",
      remedy: Category.remedies.Server,
      meaning: "Venice failed. The same request may succeed at once."
    },
    Upstream: {
      title: "Upstream error",
      remedy: Category.remedies.Upstream,
      meaning: "A provider behind Venice failed. The same request may succeed at once."
    },
    Timeout: {
      title: "Timeout",
      remedy: Category.remedies.Timeout,
      meaning:
        "Venice did not wait for the end of the run. A repeat takes as long and may be billed, so policies make one."
    }
  },
  separator: ", ",
  replay: {
    free: "a second request bills and creates nothing",
    "free-on-failure": "Venice does not bill a failed call",
    "billed-after-run": "Venice bills at the end of the run, so a request whose response was lost may be billed twice",
    "charged-before-answer": "Venice charges before it responds, so only a refused request may be sent again",
    creates: "the request creates something, so only a refused one may be sent again",
    "idempotency-key": "may be sent again with an idempotency key",
    "same-signature-only": "the same signed payment may be sent again; a new signature is a new payment",
    retired: "the operation was retired"
  },
  labels: {
    code: "Code",
    class: "Class",
    status: "HTTP status",
    category: "Category",
    message: "Message",
    severity: "Log level",
    happened: "What happened",
    remedy: "What to do",
    retried: "Retries",
    operations: "Operations",
    every: "all operations",
    docs: "More",
    recognized: "Recognized by",
    request: "Request id",
    members: "Errors"
  },
  sentences: {
    retried: "`Retry.standard` sends the request again up to {count} times, for the first time after {first}.",
    retriedOnce: "`Retry.standard` sends the request again once, after {first}.",
    notRetried: "No policy sends the request again, because it would fail again: {remedy}.",
    longHint: "`Retry.standard` does not send the request again, because the server asks to wait {hint}.",
    asksNot: "No policy sends the request again, because the response says so.",
    replay: "No policy sends the request again, because it may be executed or charged twice.",
    unsafe: "Not after {operations}: {reason}.",
    byCategory: "The category decides, and it follows from the status: see `Category.fromStatus`.",
    several: "{count} errors match. The message of a response tells them apart."
  }
}
