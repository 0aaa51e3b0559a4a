/** What this kernel can do, found by doing it in a network namespace of its own, which is removed. */
import { systemCommands } from '@sallyport/runtime';
import { reasonOf } from './command.ts';

export type Finding = {
  readonly name: string;
  /** `note` is worth knowing and stops nothing; `missing` stops what `for` says. */
  readonly state: 'ok' | 'note' | 'missing';
  readonly detail: string;
  readonly remedy?: string;
};

export async function tryKernel(): Promise<readonly Finding[]> {
  const namespace = `sp-doctor-${process.pid}`;
  const [run, inside] = [systemCommands.run, ['nsenter', `--net=/run/netns/${namespace}`, '--']];
  const attempt = async (name: string, argv: readonly string[], remedy: string, input?: string): Promise<Finding> => {
    try {
      await run(argv, input === undefined ? {} : { input });
      return { name, state: 'ok', detail: 'works' };
    } catch (error) {
      return { name, state: 'missing', detail: reasonOf(error), remedy };
    }
  };
  const made = await attempt(
    'namespaces',
    ['ip', 'netns', 'add', namespace],
    'a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN for network namespaces',
  );
  if (made.state !== 'ok') return [made];
  try {
    const esp = [
      'ip',
      'xfrm',
      'state',
      'add',
      'src',
      '192.0.2.1',
      'dst',
      '192.0.2.2',
      'proto',
      'esp',
      'spi',
      '0x1000',
      'mode',
      'tunnel',
      'aead',
    ];
    const espWorks = await attempt('kernel ESP', [...inside, ...esp, 'rfc4106(gcm(aes))', `0x${'00'.repeat(20)}`, '128'], '');
    const xfrmWorks = await attempt('kernel XFRM interfaces', [...inside, 'ip', 'link', 'add', 'x0', 'type', 'xfrm', 'if_id', '1'], '');
    const isKernelPath = espWorks.state === 'ok' && xfrmWorks.state === 'ok';
    return [
      made,
      await attempt(
        'veth',
        [...inside, 'ip', 'link', 'add', 'name', 'v0', 'type', 'veth', 'peer', 'name', 'v1'],
        'the kernel needs CONFIG_VETH',
      ),
      await attempt('bridge', [...inside, 'ip', 'link', 'add', 'name', 'br0', 'type', 'bridge'], 'the kernel needs CONFIG_BRIDGE'),
      await attempt('tun', [...inside, 'ip', 'tuntap', 'add', 't0', 'mode', 'tun'], 'the kernel needs CONFIG_TUN, a container the device'),
      await attempt(
        'nft',
        [...inside, 'nft', '-f', '-'],
        'the kernel needs CONFIG_NF_TABLES_INET',
        'table inet doctor { chain c { type filter hook forward priority 0; }; }\n',
      ),
      {
        name: 'kernel IPsec',
        state: 'note',
        detail: isKernelPath
          ? 'ESP and XFRM interfaces: the kernel carries the tunnels'
          : 'no ESP or no XFRM interfaces: xfrmd carries the tunnels',
      },
    ];
  } finally {
    await run(['ip', 'netns', 'delete', namespace]);
  }
}
