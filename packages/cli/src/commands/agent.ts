/** `sallyport agent`: the host agent alone. `sallyport up` runs it as a child. */
import { join } from 'node:path';
import { startAgent } from '@sallyport/agent';
import type { IpsecChoice } from '@sallyport/agent';
import { createFabric, lockDataDirectory } from '@sallyport/lab';
import { parseAddress } from '@sallyport/model';
import { createLogger, systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import type { Command } from '../command.ts';
import { UsageError, dataDirectory, dataDirectoryOption, parseOptions, print, refusePositionals } from '../command.ts';
import { agentPaths, agentSocket, fileLogger } from '../installation.ts';
import { serveStatus } from '../agent-status.ts';
import { hostName } from '../settings-file.ts';
import { aborted, stopSignal } from '../stop-signal.ts';

export const agent: Command = {
  summary: 'the host agent alone',
  help: `
Usage: sallyport agent --control URL [--credentials D] [--data-dir DIR] [--host NAME] [--ipsec CHOICE] [--name-server A]

Fetches plans from the control plane and makes this host as they say. Stopping it leaves tunnels up.

Options:
  --control URL    the control plane, like https://127.0.0.1:8444
  --credentials D  folder with ca.pem, cert.pem and key.pem (default: those of the control plane in the same data directory)
  --host NAME      this host's name in plans (default: its host name)
  --ipsec CHOICE   auto takes the kernel's ESP when there is one, else xfrmd
  --name-server A  ask A (or A:PORT) for peers' host names, may be given again (default: the host's resolver)
  --data-dir DIR   default /var/lib/sallyport`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, {
      ...dataDirectoryOption,
      control: { type: 'string' },
      credentials: { type: 'string' },
      host: { type: 'string', default: hostName() },
      ipsec: { type: 'string', default: 'auto' },
      'name-server': { type: 'string', multiple: true },
      child: { type: 'boolean' },
    });
    refusePositionals(positionals);
    if (values.control === undefined) throw new UsageError('agent needs --control URL');
    const isChild = values.child === true;
    const stop = stopSignal({ isChild });
    const fabric = createFabric(dataDirectory(values['data-dir']));
    using _lock = await lockDataDirectory(fabric.dataDirectory, 'agent');
    const log = isChild ? fileLogger(fabric, 'agent') : createLogger({ component: 'agent' });
    const credentials = values.credentials ?? join(fabric.dataDirectory, 'agents', values.host);
    const running = await startAgent({
      host: values.host,
      control: {
        url: values.control,
        caFile: join(credentials, 'ca.pem'),
        certFile: join(credentials, 'cert.pem'),
        keyFile: join(credentials, 'key.pem'),
      },
      paths: agentPaths(fabric),
      ipsec: ipsecChoice(values.ipsec),
      nameServers: nameServers(values['name-server']),
      ports: { run: systemCommands.run, daemons: systemDaemons(systemClock), clock: systemClock, log },
    });
    await using _status = serveStatus(agentSocket(fabric), running.status, { clock: systemClock, log });
    print(`agent ready, plan ${running.status().acceptedPlan}`);
    await aborted(stop);
    await running.close();
    return 0;
  },
};

export function ipsecChoice(text: string): IpsecChoice {
  if (text !== 'auto' && text !== 'kernel' && text !== 'xfrmd')
    throw new UsageError(`--ipsec can be auto, kernel or xfrmd; '${text}' is not known`);
  return text;
}

/** @throws UsageError for what is no address with or without a port: a name server by name could not be asked for itself. */
export function nameServers(given: readonly string[] | undefined): readonly string[] {
  for (const server of given ?? [])
    if (!/^\d+\.\d+\.\d+\.\d+(?::\d+)?$/.test(server) || parseAddress(server.split(':')[0] ?? '') === undefined)
      throw new UsageError(`--name-server takes an address like 10.0.0.53 or 127.0.0.1:5353; '${server}' is none`);
  return given ?? [];
}
