/**
 * Whether this kernel can carry tunnels itself: XFRM interfaces and ESP, tried out in a namespace that is thrown away.
 * Asking the kernel's configuration would not do: modules may be missing, and containers may forbid loading them.
 */
import type { CommandRunner } from '@sallyport/runtime';
import { inNamespace, namespaceName } from '../engine.ts';
import type { HostPaths } from '../engine.ts';

const probeNamespace = 'probe';

export type KernelProbe = { readonly canCarry: true } | { readonly canCarry: false; readonly reason: string };

/** @throws CommandError when namespaces can't be made at all: then nothing here can work. */
export async function probeKernel(context: {
  readonly run: CommandRunner['run'];
  readonly paths: Pick<HostPaths, 'namespacePrefix'>;
}): Promise<KernelProbe> {
  const { run, paths } = context;
  const name = namespaceName(paths, probeNamespace);
  // A crash may have left it; absent is fine.
  await run(['ip', 'netns', 'delete', name], { okCodes: [0, 1, 255] });
  await run(['ip', 'netns', 'add', name]);
  try {
    const tries = [
      { what: 'XFRM interfaces', argv: ['ip', 'link', 'add', 't1', 'type', 'xfrm', 'dev', 'lo', 'if_id', '1'] },
      // An association with a well-known key, in a namespace without a single packet.
      { what: 'ESP', argv: ['ip', 'xfrm', 'state', 'add', ...probeState] },
    ];
    for (const { what, argv } of tries) {
      const { code, stderr } = await run(inNamespace(paths, probeNamespace, argv), { okCodes: [0, 1, 2, 255] });
      if (code !== 0) return { canCarry: false, reason: `this kernel has no ${what} (${stderr.trim().split('\n')[0] ?? ''})` };
    }
    return { canCarry: true };
  } finally {
    await run(['ip', 'netns', 'delete', name]);
  }
}

const probeState =
  'src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel if_id 1 aead rfc4106(gcm(aes)) 0x0000000000000000000000000000000000000000 128'.split(
    ' ',
  );
