// Entry of the edge on Cloudflare: one script that answers requests and holds the objects.
export { default } from "./front-worker.ts";
export { ForwarderObject } from "./forward/forwarder-object.ts";
