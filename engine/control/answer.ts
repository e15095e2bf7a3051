// What a route of the control server answers.

/** `body` is text in UTF-8. */
export type Answer = { readonly status: number; readonly type: string; readonly body: string };
