/** How xfrmd is confined on this machine's kernel, found by starting one in a network namespace of its own and asking it. Nothing of it stays. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XfrmdClient } from '@sallyport/protocols';
import type { XfrmdHealth } from '@sallyport/protocols';
import { systemClock, systemDaemons, until } from '@sallyport/runtime';
import { reasonOf } from './command.ts';
import type { Finding } from './doctor-kernel.ts';
import { xfrmdProgram } from './installation.ts';

const name = 'xfrmd confinement';

/** None when xfrmd is not built: that is a finding of its own. */
export async function tryXfrmd(): Promise<readonly Finding[]> {
  if (!existsSync(xfrmdProgram)) return [];
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'));
  const daemons = systemDaemons(systemClock);
  const pidFile = join(directory, 'xfrmd.pid');
  try {
    daemons.start({
      argv: ['unshare', '--net', '--', xfrmdProgram, '--directory', directory],
      env: {},
      logFile: join(directory, 'xfrmd.log'),
      pidFile,
    });
    const ask = async (): Promise<XfrmdHealth> => {
      await using client = await XfrmdClient.connect(join(directory, 'control.sock'), { clock: systemClock });
      return await client.health();
    };
    const { confinement } = await until(ask, () => true, { because: 'xfrmd answers', clock: systemClock, everyMs: 20 });
    return [confinementFinding(confinement)];
  } catch (error) {
    return [
      { name, state: 'missing', detail: reasonOf(error), remedy: 'xfrmd does not run here: as root, sh tools/set-up.sh start builds it' },
    ];
  } finally {
    await daemons.stop(pidFile);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Capabilities it gives up on any kernel. */
export function confinementFinding({ systemCalls, files, missing }: XfrmdHealth['confinement']): Finding {
  if (systemCalls && files) return { name, state: 'ok', detail: 'least capabilities, system calls filtered, files closed' };
  const remedies = [
    ...(systemCalls ? [] : ['filtering system calls needs CONFIG_SECCOMP_FILTER in the kernel']),
    ...(files ? [] : ['closing files needs Landlock: Linux 5.13 or later, with landlock in /sys/kernel/security/lsm (boot option lsm=)']),
  ];
  return {
    name,
    state: 'note',
    detail: `least capabilities, not ${[...(systemCalls ? [] : ['system calls filtered']), ...(files ? [] : ['files closed'])].join(', not ')}: ${missing}`,
    remedy: remedies.join('; '),
  };
}
