/** Runs in the page: a training run with LoRA on WebGPU, of a fixture that Vite serves. */
import { linearModules } from '../../src/autodiff';
import { createWebGpuBackend, LoadedDecoder, type WebGpuBackend } from '../../src/runtime';
import { type LoraSettings, loraGraft, loraTargets } from '../../src/tuning';
import { someValues, trainingOf } from '../support/graftRun';

let opened: Promise<WebGpuBackend> | undefined;

export async function gradient(
  name: string,
  modelType: string,
  settings: LoraSettings,
  recompute: boolean,
): Promise<{ readonly loss: number; readonly gradient: readonly number[] }> {
  opened ??= createWebGpuBackend();
  const { body } = await fetch(`/tests/fixtures/${name}/model.onnx`);
  if (!body) throw new Error(`no ${name}`);
  const loaded = await LoadedDecoder.load(await opened, body);
  const graft = loraGraft(loaded.decoder, loraTargets(modelType, linearModules(loaded.decoder)), settings);
  const { program, at } = await trainingOf(loaded, graft, { recompute });
  const { loss, gradient } = await at(someValues(graft.size));
  await program.release();
  await loaded.dispose();
  return { loss, gradient: [...gradient] };
}
