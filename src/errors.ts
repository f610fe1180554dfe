/**
 * The few classes of error that Prelude throws on purpose. Each says what happened (`message`), where
 * (`where`: file, byte offset, node, line or column) and what the person can do about it (`hint`).
 * Anything else that is thrown is a bug of ours.
 */

export type ErrorKind = 'model' | 'data' | 'device' | 'adapter';

/** Where it happened; only the fields that apply are set. */
export interface ErrorLocation {
  file?: string;
  /** Byte offset in the file, from 0. */
  offset?: number;
  /** Protobuf field path (`graph.node[3].attribute`), setting, or what a server asks for (`token`, `terms`). */
  field?: string;
  /** ONNX node name, or its first output where it has none. */
  node?: string;
  /** Line number, from 1. */
  line?: number;
  column?: string;
}

export class PreludeError extends Error {
  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly where: ErrorLocation = {},
    /** What the person can do, in one plain sentence. */
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The model file cannot be read, or holds something that cannot be trained. */
export class ModelError extends PreludeError {
  constructor(message: string, where?: ErrorLocation, hint?: string, options?: ErrorOptions) {
    super('model', message, where, hint, options);
  }
}

/** The dataset, its mapping or a row of it cannot be used. */
export class DataError extends PreludeError {
  constructor(message: string, where?: ErrorLocation, hint?: string, options?: ErrorOptions) {
    super('data', message, where, hint, options);
  }
}

/** The GPU or the wasm runtime failed, is missing, or gives wrong results. */
export class DeviceError extends PreludeError {
  /** For want of memory: less at a time may succeed. */
  readonly outOfMemory: boolean;

  constructor(
    message: string,
    where?: ErrorLocation,
    hint?: string,
    options: ErrorOptions & { readonly outOfMemory?: boolean } = {},
  ) {
    super('device', message, where, hint, options);
    this.outOfMemory = options.outOfMemory ?? false;
  }
}

/** An adapter file cannot be read, or does not fit the loaded model. */
export class AdapterError extends PreludeError {
  constructor(message: string, where?: ErrorLocation, hint?: string, options?: ErrorOptions) {
    super('adapter', message, where, hint, options);
  }
}
