/** The face of this folder: bytes → columns and rows. recognise → decode → read → collect; what columns mean is not known here. */
export { parseDataset } from './parse';
export { type ReadOptions, readDataset } from './read';
