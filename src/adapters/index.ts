/** The face of this folder: adapters as files, in PEFT's formats. */

export { continueOnGpus } from './continueOnGpus';
export type { GpuMethod, GpuRow } from './continueOnGpus/run';
export { describeFiles, exportAdapter, exportSafeTensors, exportSingleFile, renameFiles, zipFiles } from './export';
export type { ModelGeometry } from './format';
export { importAdapter } from './import';
export { rowLength, toPeftRows } from './prefix';
export type { PreludeRecord } from './record';
export { readSafeTensors, toFloat32 } from './safetensors';
