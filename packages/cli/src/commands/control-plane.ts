/** `sallyport control-plane`: the ARM server alone. `sallyport up` runs it as a child. */
import { startControlPlane } from '@sallyport/control-plane';
import { createFabric, lockDataDirectory } from '@sallyport/lab';
import { createLogger, randomIds, systemClock } from '@sallyport/runtime';
import type { Command } from '../command.ts';
import { dataDirectory, dataDirectoryOption, parseListen, parseOptions, print, refusePositionals } from '../command.ts';
import { fileLogger } from '../installation.ts';
import { hostName, readSettings } from '../settings-file.ts';
import { aborted, stopSignal } from '../stop-signal.ts';

export const defaultListen = '127.0.0.1:8443';

export const controlPlane: Command = {
  summary: 'the ARM server alone, without an agent',
  help: `
Usage: sallyport control-plane [--data-dir DIR] [--listen HOST:PORT] [--agent-listen HOST:PORT]

Serves the Azure Resource Manager API. Prints one line when it is ready and writes DIR/client.json.

Options:
  --data-dir DIR      store, keys, settings.json (default: /var/lib/sallyport)
  --listen HOST:PORT  default ${defaultListen}; port 0 takes a free one
  --agent-listen H:P  where agents come with their certificates (DIR/agents/HOST/); default 127.0.0.1:8444`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, {
      ...dataDirectoryOption,
      listen: { type: 'string', default: defaultListen },
      'agent-listen': { type: 'string', default: '127.0.0.1:8444' },
      child: { type: 'boolean' },
    });
    refusePositionals(positionals);
    const isChild = values.child === true;
    const stop = stopSignal({ isChild });
    const fabric = createFabric(dataDirectory(values['data-dir']));
    using _lock = await lockDataDirectory(fabric.dataDirectory, 'control-plane');
    const log = isChild ? fileLogger(fabric, 'control-plane') : createLogger({ component: 'control-plane' });
    await using running = await startControlPlane({
      settings: readSettings(fabric),
      store: 'sqlite',
      dataDirectory: fabric.dataDirectory,
      listen: parseListen(values.listen),
      agentListen: parseListen(values['agent-listen']),
      ports: { clock: systemClock, ids: randomIds, log },
    });
    await running.issueAgentCertificate(hostName());
    print(`control plane ready at ${running.endpoint}, agents at ${running.agentEndpoint}`);
    await aborted(stop);
    return 0;
  },
};
