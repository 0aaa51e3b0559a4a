/** `sallyport lab …`: sites, clients and devices around a running fabric, by hand. The work is in @sallyport/lab. */
import {
  ArmClient,
  LabError,
  addClient,
  addNat,
  addSite,
  findMachine,
  findPlace,
  forwardIke,
  inside,
  listPlaces,
  markDevice,
  openFabric,
  readClientFile,
  readConnection,
  removeMachine,
  startDevice,
  writeDeviceConfig,
} from '@sallyport/lab';
import type { ConnectionFacts, Fabric, Site } from '@sallyport/lab';
import type { Command } from '../command.ts';
import { UsageError, dataDirectory, dataDirectoryOption, parseOptions, print, printJson, refusePositionals } from '../command.ts';
import { systemPorts } from '../system-ports.ts';
import { printTable } from '../table.ts';

export const lab: Command = {
  summary: 'on-premises sites, clients and devices around a running fabric',
  help: `
Usage:
  sallyport lab site add NAME --prefix CIDR [--prefix CIDR] [--address A | --nat NAT] [--device strongswan --connection ID]
      A site with its own public address and a host behind it. With --device, a stock strongSwan is configured
      for that connection, as the API describes it; on a site that exists already, only the device is.
      The public address is --address, else the one the connection expects, else the lowest free.
      With --nat it is behind that NAT router, and its address is a private one.
  sallyport lab nat add NAME [--address A]         a NAT router: sites behind it share its public address
  sallyport lab nat forward NAME SITE              UDP 500 and 4500 of its public address go to that site
  sallyport lab client add NAME [--address A]      a bare machine on the public network
  sallyport lab list [--json]                      every place with its namespace, addresses and role
  sallyport lab exec NAME -- COMMAND…              run inside a site, NAME-host, a client, a gateway instance, or a
                                                   VNet's network interface by its resource name (or id)
  sallyport lab remove NAME                        a site, client or NAT router, with everything that runs in it

Options:
  --data-dir DIR   the running fabric (default: /var/lib/sallyport)
  --json           print what was made or listed as JSON`,
  run: async (args) => {
    const separator = args.indexOf('--');
    const own = separator === -1 ? args : args.slice(0, separator);
    const { values, positionals } = parseOptions(own, {
      ...dataDirectoryOption,
      prefix: { type: 'string', multiple: true },
      address: { type: 'string' },
      nat: { type: 'string' },
      device: { type: 'string' },
      connection: { type: 'string' },
      json: { type: 'boolean' },
    });
    const fabric = openFabric(dataDirectory(values['data-dir']));
    const [first, ...rest] = positionals;
    switch (first) {
      case 'site':
        return siteAdd(fabric, nameOf(rest, 'lab site'), values);
      case 'nat':
        return nat(fabric, rest, values);
      case 'client':
        return clientAdd(fabric, nameOf(rest, 'lab client'), values);
      case 'list':
        refusePositionals(rest);
        return list(fabric, values.json === true);
      case 'exec':
        return exec(fabric, rest, separator === -1 ? [] : args.slice(separator + 1));
      case 'remove':
        return remove(fabric, rest);
      case undefined:
      default:
        throw new UsageError(
          `lab needs one of: site add, nat add, nat forward, client add, list, exec, remove${first === undefined ? '' : `; '${first}' is none`}`,
        );
    }
  },
};

type Values = {
  readonly prefix?: readonly string[] | undefined;
  readonly address?: string | undefined;
  readonly nat?: string | undefined;
  readonly device?: string | undefined;
  readonly connection?: string | undefined;
  readonly json?: boolean | undefined;
};

const ports = systemPorts();

function nameOf(positionals: readonly string[], what: string): string {
  const [verb, name, ...more] = positionals;
  if (verb !== 'add' || name === undefined) throw new UsageError(`write \`${what} add NAME …\``);
  refusePositionals(more);
  return name;
}

async function siteAdd(fabric: Fabric, name: string, values: Values): Promise<number> {
  if (values.device !== undefined && values.device !== 'strongswan')
    throw new UsageError(`--device can be strongswan; '${values.device}' is not known`);
  if ((values.device === undefined) !== (values.connection === undefined)) throw new UsageError('--device and --connection go together');
  const facts = values.connection === undefined ? undefined : await factsOf(fabric, values.connection);
  const existing = findMachine(fabric, name);
  if (existing !== undefined && facts === undefined) throw new LabError(`there is already a ${existing.kind} '${name}'`);
  const site = existing === undefined ? await addNewSite(fabric, name, values, facts) : existing;
  if (site.kind !== 'site') throw new LabError(`'${name}' is a ${site.kind}, not a site`);
  if (facts !== undefined) await configureDevice(fabric, site, facts, values.connection ?? '');
  const place = findPlace(fabric, name);
  if (values.json === true) printJson(place);
  else
    print(
      `site ${name}: public address ${site.publicAddress}, ${site.prefixes.join(', ')} behind it, host ${findPlace(fabric, `${name}-host`).addresses.join(', ')}`,
    );
  return 0;
}

async function factsOf(fabric: Fabric, connection: string): Promise<ConnectionFacts> {
  using arm = new ArmClient(readClientFile(fabric.dataDirectory));
  return await readConnection(arm, connection);
}

async function addNewSite(fabric: Fabric, name: string, values: Values, facts: ConnectionFacts | undefined): Promise<Site> {
  const prefixes = values.prefix ?? facts?.sitePrefixes ?? [];
  if (prefixes.length === 0) throw new UsageError('a new site needs --prefix CIDR');
  if (values.nat !== undefined) return addSite(ports, fabric, { name, prefixes, nat: values.nat });
  const publicAddress = values.address ?? facts?.siteAddress;
  return addSite(ports, fabric, { name, prefixes, ...(publicAddress === undefined ? {} : { publicAddress }) });
}

async function configureDevice(fabric: Fabric, site: Site, facts: ConnectionFacts, connection: string): Promise<void> {
  const nat = site.nat === undefined ? undefined : findMachine(fabric, site.nat);
  const seenAt = nat?.publicAddress ?? site.publicAddress;
  if (facts.siteAddress !== undefined && facts.siteAddress !== seenAt)
    throw new LabError(`the connection expects its site at ${facts.siteAddress}, and ${site.name} is at ${seenAt}`);
  // Behind a NAT only the device can start.
  const initiates = nat !== undefined || facts.deviceConfig.initiates;
  writeDeviceConfig(fabric, site.name, { ...facts.deviceConfig, localAddress: site.publicAddress, localId: seenAt, initiates });
  await markDevice(fabric, site.name, connection);
  await startDevice(ports, fabric, site);
}

async function nat(fabric: Fabric, [verb, name, site, ...more]: readonly string[], values: Values): Promise<number> {
  refusePositionals(more);
  if (verb === 'forward' && name !== undefined && site !== undefined) {
    await forwardIke(ports, fabric, name, site);
    print(`NAT router ${name}: UDP 500 and 4500 go to ${site}`);
    return 0;
  }
  if (verb !== 'add' || name === undefined || site !== undefined)
    throw new UsageError('write `lab nat add NAME …` or `lab nat forward NAME SITE`');
  const made = await addNat(ports, fabric, { name, ...(values.address === undefined ? {} : { publicAddress: values.address }) });
  if (values.json === true) printJson(findPlace(fabric, name));
  else print(`NAT router ${name}: public address ${made.publicAddress}`);
  return 0;
}

async function clientAdd(fabric: Fabric, name: string, values: Values): Promise<number> {
  const client = await addClient(ports, fabric, { name, ...(values.address === undefined ? {} : { publicAddress: values.address }) });
  if (values.json === true) printJson(findPlace(fabric, name));
  else print(`client ${name}: public address ${client.publicAddress}`);
  return 0;
}

function list(fabric: Fabric, asJson: boolean): number {
  const places = listPlaces(fabric);
  if (asJson) printJson(places);
  else
    printTable(
      ['NAME', 'ROLE', 'ADDRESSES', 'NAMESPACE'],
      places.map((place) => [
        place.name,
        place.role,
        place.addresses.join(' '),
        place.exists ? place.namespace : `${place.namespace} (missing)`,
      ]),
    );
  return 0;
}

/** Becomes the command: its output, signals and exit code are its own. */
function exec(fabric: Fabric, names: readonly string[], argv: readonly string[]): number {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0 || argv.length === 0) throw new UsageError('write `lab exec NAME -- COMMAND…`');
  const place = findPlace(fabric, name);
  if (!place.exists) throw new LabError(`${name} has no namespace right now (${place.namespace}); is \`sallyport up\` running?`);
  const environment = Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return process.execve?.('/usr/bin/nsenter', [...inside(place.namespace, argv)], Object.fromEntries(environment)) ?? 1;
}

async function remove(fabric: Fabric, names: readonly string[]): Promise<number> {
  const [name, ...more] = names;
  if (name === undefined) throw new UsageError('write `lab remove NAME`');
  refusePositionals(more);
  await removeMachine(ports, fabric, name);
  return 0;
}
