// The objects alone: on one machine they have an isolate of their own (engine/up/edge-capnp.ts).
export { ForwarderObject } from "./forward/forwarder-object.ts";

/** Serves no request, and is there for those who look for a Worker. */
export default {};
