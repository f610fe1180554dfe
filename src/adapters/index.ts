/** The face of this folder: adapters as files, in PEFT's formats. */

export type { PrefixGeometry as ModelGeometry } from '../tuning';
export { describeFiles, exportAdapter, exportSafeTensors, zipFiles } from './export';
export { importAdapter } from './import';
export type { PreludeRecord } from './record';
export { readSafeTensors, toFloat32 } from './safetensors';
