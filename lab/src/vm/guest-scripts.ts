/**
 * The two shell programs of a guest. `init` runs in the initrd: it mounts the host's root, read-only, and goes there. `serve` is
 * the guest's process 1 from then on: it makes what must be writable and runs the commands that the host puts into a shared folder
 * and names on a serial port. (Looking into the folder again and again would take a fifth of the guest's time.)
 */
import { shellWord } from '@sallyport/runtime';

export const shareTag = 'share';
/** In the guest. /mnt is there on every Debian, and nothing of the system is in it. */
export const sharePoint = '/mnt/share';

export const initScript = `#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t devtmpfs dev /dev
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
while read -r module; do $bb insmod /modules/$module; done < /modules/order
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro root /sysroot
$bb mount -t tmpfs tmp /sysroot/mnt
$bb mkdir /sysroot${sharePoint}
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none ${shareTag} /sysroot${sharePoint}
$bb cp $bb /sysroot/mnt/busybox
for at in dev proc sys; do $bb mount --move /$at /sysroot/$at; done
exec $bb switch_root /sysroot /mnt/busybox sh ${sharePoint}/serve
`;

/** Commands are files \`in/N\`, and N comes as a line through a serial port; their output goes to \`out/N.stdout\` and \`out/N.stderr\`, at last their exit code to \`out/N.code\`. */
export function serveScript(options: { readonly clone: string; readonly moduleRoot: string; readonly modules: readonly string[] }): string {
  return `bb=/mnt/busybox
share=${sharePoint}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
# The clone may be in a folder that is hidden below: it is put back at its place.
$bb mkdir /mnt/clone
$bb mount --bind ${shellWord(options.clone)} /mnt/clone
for at in /run /tmp /var/tmp /dev/shm; do $bb mkdir -p $at; $bb mount -t tmpfs tmp $at; $bb chmod 1777 $at; done
$bb mkdir -p ${shellWord(options.clone)}
$bb mount --move /mnt/clone ${shellWord(options.clone)}
$bb mkdir -p /dev/pts /run/lock /run/netns
$bb mount -t devpts devpts /dev/pts
# The kernel asks this program for crypto templates, tunnel types and the like.
printf '#!/mnt/busybox sh\\nexec /sbin/modprobe -d %s "$@"\\n' ${shellWord(shellWord(options.moduleRoot))} > /mnt/modprobe
$bb chmod 755 /mnt/modprobe
echo /mnt/modprobe > /proc/sys/kernel/modprobe
for module in ${options.modules.join(' ')}; do /mnt/modprobe $module; done
$bb hostname guest
$bb ip link set lo up
cd ${shellWord(options.clone)}
read -r seconds _ < /proc/uptime
echo $seconds > $share/ready.new && $bb mv $share/ready.new $share/ready
while read -r name; do
  out=$share/out/$name
  {
    /bin/sh "$share/in/$name" > "$out.stdout" 2> "$out.stderr" < /dev/null
    echo $? > "$out.code.new"
    $bb mv "$out.code.new" "$out.code"
  } &
done < /dev/vport0p1
`;
}
