// Entry of the edge: what workerd calls for a request, and the object that owns the connection to the log.
import { DurableObject } from "cloudflare:workers";

/** Owns the connection to the log; one thread, many requests. */
export class ForwarderObject extends DurableObject {}

export default {
  fetch(request: Request): Response {
    const isLiveness = new URL(request.url).pathname === "/livez";
    return new Response(null, { status: isLiveness ? 200 : 404 });
  },
};
