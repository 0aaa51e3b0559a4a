/** `sallyport up`: control plane and local agent in one, with the lab fabric. */
import { createFabric, lockDataDirectory } from '@sallyport/lab';
import type { Command } from '../command.ts';
import { UsageError, dataDirectory, dataDirectoryOption, note, parseListen, parseOptions, print, refusePositionals } from '../command.ts';
import { clientFile, fileLogger, logDirectory } from '../installation.ts';
import { runUp } from '../running.ts';
import { aborted, stopSignal } from '../stop-signal.ts';
import { requireRoot, systemPorts } from '../system-ports.ts';
import { ipsecChoice, nameServers } from './agent.ts';
import { defaultListen } from './control-plane.ts';

export const up: Command = {
  summary: 'control plane and agent on this host, with the lab fabric',
  help: `
Usage: sallyport up [--data-dir DIR] [--listen HOST:PORT] [--fabric lab] [--ipsec CHOICE] [--name-server A] [--keep]

Serves the API and makes gateways real, in network namespaces of this host. When ready it prints one line and writes
DIR/client.json {endpoint, caFile, tenantId, subscriptionId, clientId, clientSecret}. Runs until SIGINT or SIGTERM, and then
removes its namespaces, daemons and sites; the data directory stays, and the next start makes them again.

Options:
  --data-dir DIR      everything that must last (default: /var/lib/sallyport)
  --listen HOST:PORT  default ${defaultListen}; port 0 takes a free one
  --fabric lab        how networks exist; lab (namespaces) is the only one so far
  --ipsec CHOICE      auto (default) takes the kernel's ESP when there is one, kernel, or xfrmd
  --name-server A     ask A (or A:PORT) for peers' host names, may be given again (default: the host's resolver)
  --keep              leave tunnels, namespaces and sites as they are when it stops`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, {
      ...dataDirectoryOption,
      listen: { type: 'string', default: defaultListen },
      fabric: { type: 'string', default: 'lab' },
      ipsec: { type: 'string', default: 'auto' },
      'name-server': { type: 'string', multiple: true },
      keep: { type: 'boolean' },
    });
    refusePositionals(positionals);
    if (values.fabric !== 'lab') throw new UsageError(`--fabric can be lab; '${values.fabric}' is not known`);
    ipsecChoice(values.ipsec);
    const servers = nameServers(values['name-server']);
    const listen = parseListen(values.listen);
    requireRoot('sallyport up');
    const stop = stopSignal({ isChild: false });
    const fabric = createFabric(dataDirectory(values['data-dir']));
    using _lock = await lockDataDirectory(fabric.dataDirectory, 'up');
    const running = await runUp({
      fabric,
      listen,
      stop,
      ipsec: values.ipsec,
      nameServers: servers,
      ports: systemPorts(),
      log: fileLogger(fabric, 'up'),
      onTrouble: (sentence) => note(`sallyport: ${sentence}; see ${logDirectory(fabric)}`),
    });
    print(`sallyport is ready at ${running.endpoint}, sign in with ${clientFile(fabric)}`);
    await aborted(stop);
    await running.stop({ keep: values.keep === true });
    return 0;
  },
};
