/** Keeps packets of some sites from passing the public network, so that both ends of a tunnel have begun before either hears the other. */
import { inside, namespaceOf } from '@sallyport/lab';
import type { LabSession } from '@sallyport/lab';

const table = 'sp_hold';

export class Hold implements AsyncDisposable {
  readonly #session: LabSession;

  private constructor(session: LabSession) {
    this.#session = session;
  }

  /** From now on nothing of these addresses passes. */
  static async place(session: LabSession, addresses: readonly string[]): Promise<Hold> {
    const hold = new Hold(session);
    const held = `{ ${addresses.join(', ')} }`;
    await hold.#nft(`add table inet ${table}
add chain inet ${table} forward { type filter hook forward priority -10; }
add rule inet ${table} forward ip saddr ${held} drop
add rule inet ${table} forward ip daddr ${held} drop`);
    return hold;
  }

  async release(): Promise<void> {
    await this.#nft(`delete table inet ${table}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { ports, fabric } = this.#session;
    await ports.run(inside(namespaceOf(fabric, 'public'), ['nft', 'delete', 'table', 'inet', table]), { okCodes: [0, 1] });
  }

  async #nft(input: string): Promise<void> {
    const { ports, fabric } = this.#session;
    await ports.run(inside(namespaceOf(fabric, 'public'), ['nft', '-f', '-']), { input: `${input}\n` });
  }
}
