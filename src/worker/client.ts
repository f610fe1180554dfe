/** The page's end of the protocol: starts the worker and hands callbacks over as proxies. */
import * as Comlink from 'comlink';
import type { Engine, ModelSource } from './protocol';

export interface EnginePlaces {
  /** Where the hub is, if not at its public address. */
  readonly hubUrl?: string;
}

export function connectEngine(places: EnginePlaces = {}): Engine {
  // A worker's own address depends on how it was bundled, so the page says where things are, in the worker's name.
  const name = JSON.stringify({ modelsUrl: new URL('models/', document.baseURI).href, ...places });
  const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name });
  const remote = Comlink.wrap<Engine>(worker);
  return {
    loadModel: (source, device, onProgress) => remote.loadModel(withPaths(source), device, Comlink.proxy(onProgress)),
    unloadModel: () => remote.unloadModel(),
    listModel: (source, device) => remote.listModel(withPaths(source), device),
    cachedModels: () => remote.cachedModels(),
    deleteCachedModel: (key) => remote.deleteCachedModel(key),
    deleteCachedModels: () => remote.deleteCachedModels(),
    setDataset: (source, options, onProgress) => remote.setDataset(source, options, Comlink.proxy(onProgress)),
    estimate: (settings) => remote.estimate(settings),
    tune: (settings, onEvent) => remote.tune(settings, Comlink.proxy(onEvent)),
    pause: () => remote.pause(),
    resume: () => remote.resume(),
    stop: () => remote.stop(),
    adapters: () => remote.adapters(),
    renameAdapter: (adapterId, name) => remote.renameAdapter(adapterId, name),
    deleteAdapter: (adapterId) => remote.deleteAdapter(adapterId),
    compose: (firstId, secondId) => remote.compose(firstId, secondId),
    evaluate: (adapterId) => remote.evaluate(adapterId),
    evaluateSubjects: (request, onEvent) => remote.evaluateSubjects(request, Comlink.proxy(onEvent)),
    applyToFile: (request, onEvent) => remote.applyToFile(request, Comlink.proxy(onEvent)),
    stopEvaluating: () => remote.stopEvaluating(),
    generate: (request, onText) => remote.generate(request, Comlink.proxy(onText)),
    stopGenerating: () => remote.stopGenerating(),
    attention: (request) => remote.attention(request),
    ablate: (adapterId, onEvent) => remote.ablate(adapterId, Comlink.proxy(onEvent)),
    stopAblating: () => remote.stopAblating(),
    norms: (adapterId) => remote.norms(adapterId),
    neighbours: (adapterId) => remote.neighbours(adapterId),
    describeExport: (adapterId) => remote.describeExport(adapterId),
    exportAdapter: (adapterId, format) => remote.exportAdapter(adapterId, format),
    exportForGpus: (adapterId, settings) => remote.exportForGpus(adapterId, settings),
    importAdapter: (files) => remote.importAdapter(files),
    runs: () => remote.runs(),
    runCurve: (id) => remote.runCurve(id),
    renameRun: (id, name) => remote.renameRun(id, name),
    deleteRuns: (ids) => remote.deleteRuns(ids),
    planSweep: (settings) => remote.planSweep(settings),
    sweep: (settings, onEvent) => remote.sweep(settings, Comlink.proxy(onEvent)),
    resumeSweep: (id, onEvent) => remote.resumeSweep(id, Comlink.proxy(onEvent)),
    stopSweep: () => remote.stopSweep(),
    sweeps: () => remote.sweeps(),
    deleteSweep: (id) => remote.deleteSweep(id),
  };
}

/** A file that goes to a worker keeps its name and loses where it lay; a dropped folder needs both. */
const withPaths = (source: ModelSource): ModelSource =>
  source.type === 'files' ? { ...source, paths: source.files.map(pathOf) } : source;

/** Drop zones put the path into a property of their own, since `webkitRelativePath` is for pickers alone. */
export function pathOf(file: File): string {
  const path = 'path' in file && typeof file.path === 'string' ? file.path : file.webkitRelativePath || file.name;
  return path.replace(/^[./]+/, '');
}
