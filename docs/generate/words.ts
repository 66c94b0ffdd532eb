/** The words of the generated pages in each language. A missing one does not compile. */
import type { Locale } from "../../packages/testing/src/internal/explanations/locales.ts"

interface Words {
  readonly errors: string
  readonly errorsIntro: string
  readonly categories: string
  readonly categoriesIntro: string
  readonly example: string
  readonly exampleIntro: string
  readonly handler: string
  readonly handlerIntro: string
  readonly timeline: string
  readonly certainty: string
  readonly captured: string
  readonly documented: string
  readonly client: string
  readonly composed: string
  readonly never: string
  readonly undocumentedMessage: string
  readonly alsoSent: string
  readonly terminal: string
  readonly yes: string
  readonly no: string
  readonly table: string
}

export const words: Readonly<Record<Locale, Words>> = {
  en: {
    errors: "Errors",
    errorsIntro:
      "There is one error for each code of Venice's table, three that Venice documents elsewhere, and one for every "
      + "other response. Each has a page: what happened, what to do, and whether it is retried.",
    categories: "Categories",
    categoriesIntro: "A category says what the caller can do about an error. Retry policies decide by category.",
    example: "An example response",
    exampleIntro: "The build decodes this response, and fails unless it is this error.",
    handler: "Handling it",
    handlerIntro: "Catch it by its code. The handler sees the fields of the error.",
    timeline: "If every attempt fails with this error:",
    certainty: "How sure we are",
    captured: "Responses that somebody received and published:",
    documented: "Responses in the documentation of Venice, or of the service that sends them:",
    client: "Responses in the tests or the documentation of a client:",
    composed: "Responses that are put together from documented parts:",
    never: "Nobody is known to have captured this error from Venice. The status and the message are those of Venice's "
      + "documentation.",
    undocumentedMessage: "Venice documents no message for it; this is the library's.",
    alsoSent: "Venice's answers can have other words, which are recognized too.",
    terminal: "In a terminal:",
    yes: "yes",
    no: "no",
    table: "Venice's table of the codes"
  },
  ar: {
    errors: "رموز الأخطاء",
    errorsIntro:
      "لكل رمز في جدول Venice خطأ واحد، وثلاثة أخطاء توثّقها Venice في مواضع أخرى، وخطأ واحد لكل استجابة أخرى. لكل "
      + "منها صفحة: ماذا حدث، وماذا تفعل، وهل تُعاد المحاولة.",
    categories: "الفئات",
    categoriesIntro: "تذكر الفئة ما يستطيع المستدعي فعله حيال الخطأ. تقرّر سياسات إعادة المحاولة حسب الفئة.",
    example: "مثال على الاستجابة",
    exampleIntro: "يفك بناء الموقع ترميز هذه الاستجابة، ويفشل إن لم تكن هذا الخطأ.",
    handler: "معالجته",
    handlerIntro: "التقطه برمزه. ترى الدالة المعالِجة حقول الخطأ.",
    timeline: "إذا فشلت كل محاولة بهذا الخطأ:",
    certainty: "ما مدى ثقتنا",
    captured: "استجابات تلقاها أحدهم ونشرها:",
    documented: "استجابات في توثيق Venice أو توثيق الخدمة التي ترسلها:",
    client: "استجابات في اختبارات أحد العملاء أو توثيقه:",
    composed: "استجابات مركّبة من أجزاء موثّقة:",
    never: "لا يُعرف أن أحدًا التقط هذا الخطأ من Venice. حالة HTTP والرسالة هما ما في توثيق Venice.",
    undocumentedMessage: "لا توثّق Venice رسالة لهذا الخطأ؛ هذه رسالة المكتبة.",
    alsoSent: "قد تأتي استجابات Venice بكلمات أخرى، ويتم التعرّف عليها أيضًا.",
    terminal: "في الطرفية:",
    yes: "نعم",
    no: "لا",
    table: "جدول رموز الأخطاء لدى Venice"
  }
}
