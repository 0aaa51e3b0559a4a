/**
 * For tests on real charons: our engine driven over a plan that the test changes, and several stock peers that a test configures. Not an agent: there is no
 * control plane, and a pass is xfrmd's and this engine's.
 */
import type { ConnectionObservation, InstancePlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import type { InstanceEngine } from '../engine.ts';
import { configurePeer, peerAddress, peerInside, untilObserved, type PeerSettings, type Testbed } from './testbed.ts';

export const isUp = ({ status }: ConnectionObservation): boolean => status === 'Connected';

/** Of one charon: IKE SAs with their CHILD SAs, by charon's numbers. */
export const saIds = (seen: ConnectionObservation): readonly string[] =>
  seen.ikeSas.map((sa) => `${sa.uniqueId}: ${sa.childSas.map((child) => child.uniqueId).join()}`);

/** An engine with its passes, which go on until it is disposed. */
export class Driven implements AsyncDisposable {
  readonly engine: InstanceEngine & AsyncDisposable;
  readonly #testbed: Testbed;
  readonly #passes: AsyncDisposable;
  #instance: InstancePlan;

  /** @param engine one that has made a pass, so that its charon is there. */
  constructor(testbed: Testbed, engine: InstanceEngine & AsyncDisposable, instance: InstancePlan) {
    this.engine = engine;
    this.#testbed = testbed;
    this.#instance = instance;
    this.#passes = testbed.drive(engine, () => this.#instance);
  }

  /** A new engine on whatever charon there is, from which everything is unloaded first. */
  static async begin(testbed: Testbed, instance: InstancePlan): Promise<Driven> {
    const engine = testbed.createEngine();
    await testbed.pass(engine, testbed.instance([]));
    await testbed.pass(engine, instance);
    return new Driven(testbed, engine, instance);
  }

  get instance(): InstancePlan {
    return this.#instance;
  }

  /** Seen by the next pass, which comes at once. */
  change(instance: InstancePlan): void {
    this.#instance = instance;
    this.#testbed.onWake();
  }

  until(
    name: string,
    isDone: (seen: ConnectionObservation) => boolean,
    because: string,
    timeoutMs?: number,
  ): Promise<ConnectionObservation> {
    return untilObserved(this.engine, this.#instance, name, isDone, because, timeoutMs);
  }

  up(name: string): Promise<ConnectionObservation> {
    return this.until(name, isUp, `${name} is up`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#passes[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
  }
}

/** Stock charons on machines of a testbed, by name. */
export class StockPeers {
  readonly #testbed: Testbed;
  readonly #sessions = new Map<string, ViciSession>();

  private constructor(testbed: Testbed) {
    this.#testbed = testbed;
  }

  static async start(testbed: Testbed, ...names: readonly string[]): Promise<StockPeers> {
    const peers = new StockPeers(testbed);
    for (const name of names) {
      await testbed.addMachine(name, peerAddress(name), peerInside(name));
      await peers.startAgain(name);
    }
    return peers;
  }

  get(name: string): ViciSession {
    const found = this.#sessions.get(name);
    if (found === undefined) throw new Error(`no peer ${name}`);
    return found;
  }

  /** After killPeer(). It knows no connection. */
  async startAgain(name: string): Promise<void> {
    this.#sessions.set(name, await this.#testbed.startPeer(name));
  }

  /** Forgets its SAs in silence. */
  async configure(name: string, settings: PeerSettings = {}): Promise<void> {
    const session = this.get(name);
    await session.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
    await configurePeer(session, name, settings);
  }

  async configureAll(): Promise<void> {
    for (const name of this.#sessions.keys()) await this.configure(name);
  }
}
