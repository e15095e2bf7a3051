// GET /openapi.json. The text is made at the first request and kept.
import { openApiDocument } from "./openapi-document.ts";

let text: string | undefined;

/** The same answer to everybody, without a key: it says nothing of a deployment. */
export const openApiResponse = (): Response => {
  text ??= JSON.stringify(openApiDocument);
  return new Response(text, {
    headers: { "content-type": "application/json", "cache-control": "public, max-age=3600" },
  });
};
