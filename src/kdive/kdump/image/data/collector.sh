#!/bin/sh
# Saves the dump to a file system of this machine: the log first, then memory, named incomplete until it is on the disk.
# Runs where the collector in Python cannot; the engine in Python still filters where it starts, else all is copied.
. /etc/kdive/target

say() { echo "<5>kdive: $*" >/dev/kmsg; }

python() { [ -x "$KDIVE_PYTHON" ] && "$KDIVE_PYTHON" -S -B -m kdive "$@"; }

find_device() {
    if [ -n "$KDIVE_UUID" ]; then
        findfs "UUID=$KDIVE_UUID" 2>/dev/null
    elif [ -b "$KDIVE_DEVICE" ]; then
        echo "$KDIVE_DEVICE"
    fi
}

mount_target() {
    tries=0
    while :; do
        device=$(find_device)
        [ -n "$device" ] && mount -t "$KDIVE_FSTYPE" "$device" /target && return 0
        tries=$((tries + 1))
        [ $tries -lt 60 ] || return 1
        sleep 0.5
    done
}

save_log() {
    python dmesg /proc/vmcore >"$1/vmcore-dmesg-incomplete.txt" || return 1
    sync
    mv "$1/vmcore-dmesg-incomplete.txt" "$1/vmcore-dmesg.txt"
}

save_memory() {
    # shellcheck disable=SC2086 # the options are words of their own
    python $KDIVE_COLLECTOR /proc/vmcore "$1/vmcore-incomplete" || {
        say "the filter failed: all of the memory is copied"
        rm -f "$1/vmcore-incomplete"
        dd if=/proc/vmcore of="$1/vmcore-incomplete" bs=1M || return 1
    }
    sync
    mv "$1/vmcore-incomplete" "$1/vmcore"
}

umask 077
mkdir -p /target
mount_target || {
    say "no file system $KDIVE_UUID $KDIVE_DEVICE can be mounted: the dump is lost"
    exit 1
}
folder="/target/$KDIVE_PATH/127.0.0.1-$(date +%Y-%m-%d-%H:%M:%S)"
mkdir -p "$folder"
say "saving to $folder"
save_log "$folder" && say "the log is saved" || say "the log is not saved"
save_memory "$folder" && say "the dump is saved" || say "the dump is not complete"
sync
umount /target
