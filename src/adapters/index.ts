/** The face of this folder: adapters as files, in PEFT's formats. */
export { describeFiles, exportPrefix, exportSafeTensors, zipFiles } from './export';
export { importAdapter } from './import';
export type { PrefixGeometry, PrefixValues } from './prefix';
export type { PreludeRecord } from './record';
export { readSafeTensors, toFloat32 } from './safetensors';
