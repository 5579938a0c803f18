/** What is used of a global that only the DOM's typings declare. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }
  const Module: new (bytes: Uint8Array) => Module;
  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: unknown;
  }
  class Memory {
    constructor(pages: { readonly initial: number; readonly maximum: number; readonly shared: true });
    readonly buffer: SharedArrayBuffer;
    /** Throws where there is no more. */
    grow(pages: number): number;
  }
  interface Table {
    get(index: number): unknown;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
