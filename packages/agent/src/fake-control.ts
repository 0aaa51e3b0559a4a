/** A control plane of one host in memory, for tests of the agent: holds a plan and secrets, keeps observations. */
import type { HostObservation, HostPlan, PlanNumber, SecretReference } from '@sallyport/model';
import { Secret, systemClock, until } from '@sallyport/runtime';
import { LinkError } from './link/control-client.ts';
import type { ControlClient, HeldPlan, NumberedPlan } from './link/control-client.ts';

/** Holds one plan; a long poll waits for a newer one. */
export class FakeControl implements ControlClient {
  readonly observations: HostObservation[] = [];
  /** By `<id> <version>`; others are `key`. */
  readonly secrets = new Map<string, string>();
  isAway = false;
  /** A report is taken when this ends. */
  taking: Promise<void> = Promise.resolve();
  /** How often, in vain too. */
  secretsAsked = 0;
  #plan: NumberedPlan | undefined;
  #changed = new AbortController();

  publish(number: number, plan: HostPlan, store?: string): void {
    this.#plan = { number: number as PlanNumber, plan, ...(store === undefined ? {} : { store }) };
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  readonly fetchPlan = async ({ number: after }: HeldPlan, signal: AbortSignal): Promise<NumberedPlan | undefined> => {
    if (this.isAway) throw new LinkError('unreachable', 'away');
    if (this.#plan !== undefined && this.#plan.number !== after) return this.#plan;
    await systemClock.sleep(25_000, AbortSignal.any([signal, this.#changed.signal]));
    return undefined;
  };
  readonly fetchSecret = (reference: SecretReference): Promise<Secret> => {
    this.secretsAsked += 1;
    const value = this.secrets.get(`${reference.id} ${reference.version}`) ?? 'key';
    return this.isAway ? Promise.reject(new LinkError('unreachable', 'away')) : Promise.resolve(new Secret(value));
  };
  readonly postObservation = async (observation: HostObservation): Promise<void> => {
    if (this.isAway) throw new LinkError('unreachable', 'away');
    this.observations.push(observation);
    await this.taking;
  };
  readonly postHistory = (): Promise<void> => Promise.resolve();
  readonly close = (): void => {};

  async observed(isWanted: (observation: HostObservation) => boolean, because: string, timeoutMs = 4000): Promise<HostObservation> {
    const found = (): HostObservation | undefined => this.observations.findLast(isWanted);
    const seen = await until(found, (value) => value !== undefined, { because, clock: systemClock, everyMs: 5, timeoutMs });
    if (seen === undefined) throw new Error('until() ends with a value');
    return seen;
  }
}
