/** The real Azure CLI, signed in to a control plane with a simulated host, for the tests that type commands. Not a test. */
import { openAz, registerCloud, signIn, type Az } from '../tools/az.ts';
import { startSystem, type System } from './system.ts';

export type AzSystem = AsyncDisposable & {
  readonly system: System;
  /** Started anew for every command. */
  readonly az: Az;
  /** Loaded once. */
  readonly loadedAz: Az;
};

/** @param build fills the control plane before az is there. */
export async function startAzSystem(
  options: Parameters<typeof startSystem>[0] = {},
  build: (system: System) => Promise<unknown> = () => Promise.resolve(),
): Promise<AzSystem> {
  const system = await startSystem(options);
  const client = system.server.client.file;
  await build(system);
  const az = openAz(client);
  await registerCloud(az, client);
  await signIn(az, client);
  let loadedAz: Az | undefined;
  return {
    system,
    az,
    get loadedAz() {
      loadedAz ??= az.loaded();
      return loadedAz;
    },
    [Symbol.asyncDispose]: async () => {
      az[Symbol.dispose]();
      await system[Symbol.asyncDispose]();
    },
  };
}
