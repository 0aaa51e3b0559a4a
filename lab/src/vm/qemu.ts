/** The command line of a guest's QEMU. Pure. qemu-system-x86_64(1); 9p: https://wiki.qemu.org/Documentation/9psetup */
import { shareTag } from './guest-scripts.ts';

export type Machine = {
  readonly memoryMb: number;
  readonly kernelImage: string;
  readonly initrd: string;
  readonly console: string;
  /** What is written to the FIFO `<commands>.in` comes out of the guest's first virtual serial port. */
  readonly commands: string;
  /** Written by both sides. */
  readonly share: string;
  readonly network: { readonly tap: string; readonly mac: string } | undefined;
};

export function qemuArgv(machine: Machine): readonly string[] {
  const { network } = machine;
  return [
    // Two threads: a guest with one processor waits for its own 9p requests. `max`: AES and carry-less products for GCM.
    ['qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', String(machine.memoryMb)],
    ['-nodefaults', '-no-reboot', '-display', 'none', '-monitor', 'none', '-serial', `file:${machine.console}`],
    ['-kernel', machine.kernelImage, '-initrd', machine.initrd],
    ['-append', 'console=ttyS0 quiet panic=-1 mitigations=off net.ifnames=0 random.trust_cpu=on'],
    [
      '-chardev',
      `pipe,id=commands,path=${machine.commands}`,
      '-device',
      'virtio-serial-pci',
      '-device',
      'virtserialport,chardev=commands,nr=1',
    ],
    // The host's root: several file systems look like one, so inode numbers are remapped.
    fileSystem('root', 'root', 'path=/,readonly=on,multidevs=remap'),
    fileSystem('share', shareTag, `path=${machine.share}`),
    network === undefined
      ? []
      : [
          '-netdev',
          `tap,id=net,ifname=${network.tap},script=no,downscript=no`,
          '-device',
          `virtio-net-pci,netdev=net,romfile=,mac=${network.mac}`,
        ],
  ].flat();
}

function fileSystem(id: string, tag: string, settings: string): readonly string[] {
  return ['-fsdev', `local,id=${id},security_model=none,${settings}`, '-device', `virtio-9p-pci,fsdev=${id},mount_tag=${tag}`];
}
