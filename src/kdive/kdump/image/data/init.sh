#!/bin/sh
# The first program of the capture kernel: loads what the disks need, then lets Python save the dump, or else the shell.
PATH=/bin:/sbin:/usr/bin:/usr/sbin
export PATH
. /etc/kdive/environment
[ -z "$KDIVE_BUSYBOX" ] || "$KDIVE_BUSYBOX" --install -s /bin
mkdir -p /proc /sys /dev /run /tmp /runtime
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
exec </dev/console >/dev/console 2>&1

say() { echo "<5>kdive: $*" >/dev/kmsg; }

say "capture kernel $(uname -r) is up"
while read -r module; do
    insmod "/modules/$module" || say "module $module is not loaded"
done </modules/order

if [ -f /etc/kdive/network ]; then
    . /network.sh
    . /etc/kdive/network
fi

if [ -f /runtime.squashfs ] && mount -t squashfs -o loop,ro /runtime.squashfs /runtime; then
    "$KDIVE_PYTHON" -S -B -m kdive collect
    say "the collector in Python broke down ($?)"
else
    say "Python is not to be had"
fi
# The collector in Python starts the machine anew itself.
sh /collector.sh
sync
reboot -f
echo b >/proc/sysrq-trigger
while :; do sleep 1; done
