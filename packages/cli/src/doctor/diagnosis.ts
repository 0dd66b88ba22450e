import type { Advice, Check } from './check.ts';
import { checkFacts } from './checks.ts';
import type { Demand } from './demand.ts';
import { collectFacts, type Facts } from './facts.ts';
import { checkModels, type ModelCheck, reasonFor } from './model-checks.ts';
import { probeMechanisms, probeSystem, type Trial, tryDefaultModel } from './probes.ts';

/** What a machine offers for serving many clients. */
export type Diagnosis = {
  /** Whether the default model served a client. */
  readonly ok: boolean;
  readonly demand: Demand;
  /** The model that `serve` takes by default, and why. */
  readonly default: Trial & { readonly why: string };
  readonly checks: readonly Check[];
  readonly models: readonly ModelCheck[];
  readonly facts: Facts;
};

/** Examines this machine. It changes nothing on it: for a moment it listens on a free port of 127.0.0.1. */
export async function examine(demand: Demand): Promise<Diagnosis> {
  const probes = await probeSystem();
  const trial = await tryDefaultModel();
  const faults = await probeMechanisms();
  const facts = collectFacts();
  return {
    ok: trial.failure === undefined,
    demand,
    default: { ...trial, why: reasonFor(facts, probes) },
    checks: checkFacts(facts, probes, demand),
    models: checkModels(facts, faults, demand),
    facts,
  };
}

/** What to do, in the order of the checks. */
export function adviceOf(checks: readonly Check[]): (Advice & { readonly about: string })[] {
  return checks.flatMap(({ name, advice }) => (advice === undefined ? [] : [{ about: name, ...advice }]));
}
