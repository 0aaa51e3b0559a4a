/** The real ports to the world, and what needs them as root. */
import { LabError } from '@sallyport/lab';
import type { DevicePorts } from '@sallyport/lab';
import { systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';

export function systemPorts(): DevicePorts {
  return { run: systemCommands.run, clock: systemClock, daemons: systemDaemons(systemClock) };
}

/** @throws LabError */
export function requireRoot(what: string): void {
  if (process.getuid?.() !== 0)
    throw new LabError(`${what} makes network namespaces and needs root; \`npm run demo\` shows the same API without`);
}
