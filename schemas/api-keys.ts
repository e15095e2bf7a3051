// Bounds of API keys: the edge holds to them, and `weir up` refuses at once what its edge would.

/** Bytes of a presented key. */
export const apiKeyBytesMax = 512;

/** Keys of the operator together, plain and hashed. */
export const apiKeysMax = 256;
