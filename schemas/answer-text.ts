// The body of an answer of somebody else's server, as far as it can mean anything: one without an
// end would be read into memory until the deadline.

/** `isCut`: there was more than `bytesMax`, which was not read. */
export type AnswerText = { readonly text: string; readonly isCut: boolean };

/** An answer of fetch: of its body only that it gives chunks, which the types of Node and workerd tell apart. */
type Answer = { readonly body: unknown };

/** Leaves what is beyond `bytesMax` unread and the connection closed. */
export const answerText = async ({ body }: Answer, bytesMax: number): Promise<AnswerText> => {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  if (body === null) return { text, isCut: false };
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const left = bytesMax - bytes;
    bytes += chunk.byteLength;
    text += decoder.decode(chunk.subarray(0, left), { stream: true });
    // Leaving the loop cancels the rest.
    if (chunk.byteLength > left) return { text, isCut: true };
  }
  return { text, isCut: false };
};
