// What wrangler makes of an imported .wasm file: the compiled module, not an instance.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
