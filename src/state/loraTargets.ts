/** Where LoRA goes: the linear layers of the model by what they do, and those that are one matrix and go together. */
import type { LoraRole, LoraTargetSummary } from '../worker';

/** Hu et al. 2021 put it on the queries and values. */
const USUAL: readonly LoraRole[] = ['q', 'v'];

export interface TargetGroup {
  /** Its name in the PyTorch model: `q_proj`, or `c_attn` for three roles at once. */
  readonly module: string;
  readonly roles: readonly LoraRole[];
}

/** One group per module, in the order the model has them. */
export function targetGroups(targets: readonly LoraTargetSummary[]): TargetGroup[] {
  const modules = [...new Set(targets.map(({ module }) => module))];
  return modules.map((module) => ({
    module,
    roles: targets.filter((target) => target.module === module).map(({ role }) => role),
  }));
}

export const isChosen = ({ roles }: TargetGroup, chosen: readonly LoraRole[]): boolean =>
  roles.some((role) => chosen.includes(role));

/** What is chosen after a tick in front of a group: all of its roles, or none. */
export function ticked(group: TargetGroup, chosen: readonly LoraRole[], on: boolean): LoraRole[] {
  const others = chosen.filter((role) => !group.roles.includes(role));
  return on ? [...others, ...group.roles] : others;
}

/** Queries and values, as far as the model has them; otherwise whatever it has. */
export function usualTargets(targets: readonly LoraTargetSummary[]): LoraRole[] {
  const roles = targets.map(({ role }) => role);
  const usual = USUAL.filter((role) => roles.includes(role));
  return usual.length > 0 ? usual : roles;
}
