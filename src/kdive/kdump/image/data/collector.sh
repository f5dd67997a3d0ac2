#!/bin/sh
# Saves the dump to a file system of this machine: the log first, then memory, named incomplete until it is on the disk.
# Runs where the collector in Python cannot; the engine in Python still filters where it starts, else all is copied.
. /etc/kdive/target

say() { echo "<5>kdive: $*" >/dev/kmsg; }

python() { [ -x "$KDIVE_PYTHON" ] && "$KDIVE_PYTHON" -S -B -m kdive "$@"; }

find_device() {
    case "$KDIVE_DEVICE" in
    *=*) findfs "$KDIVE_DEVICE" 2>/dev/null ;;
    *) [ -b "$KDIVE_DEVICE" ] && echo "$KDIVE_DEVICE" ;;
    esac
}

mount_target() {
    tries=0
    while :; do
        device=$(find_device)
        [ -n "$device" ] && mount -t "$KDIVE_FSTYPE" -o "rw${KDIVE_OPTIONS:+,$KDIVE_OPTIONS}" "$device" /target && return 0
        tries=$((tries + 1))
        [ $tries -lt 60 ] || return 1
        sleep 0.5
    done
}

save_log() {
    python dmesg /proc/vmcore >"$1/vmcore-dmesg-incomplete.txt" || return 1
    sync
    mv "$1/vmcore-dmesg-incomplete.txt" "$1/vmcore-dmesg.txt"
    sync # a power cut must not take the name away
}

room_bytes() {
    set -- $(df -Pk /target | tail -n 1)
    echo $((($4 - KDIVE_RESERVE_KB) * 1024))
}

has_pages() { [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt 1048576 ]; }

save_memory() {
    file="$1/vmcore-incomplete"
    room=$(room_bytes)
    [ "$room" -gt 1048576 ] || {
        say "there is no room for the dump: the log is all that is saved"
        return 1
    }
    # shellcheck disable=SC2086 # the options are words of their own
    python $KDIVE_COLLECTOR -L "$room" /proc/vmcore "$file" || {
        has_pages "$file" && return 1
        say "the filter failed: all of the memory is copied"
        dd if=/proc/vmcore of="$file" bs=64k count=$((room / 65536)) || return 1
        [ "$(stat -c %s "$file")" -eq "$(stat -c %s /proc/vmcore)" ] || return 1
    }
    sync
    mv "$file" "$1/vmcore"
    sync
}

umask 077
mkdir -p /target
mount_target || {
    say "no file system $KDIVE_DEVICE can be mounted: the dump is lost"
    exit 1
}
folder="/target/$KDIVE_PATH/127.0.0.1-$(date +%Y-%m-%d-%H:%M:%S)"
mkdir -p "$folder"
say "saving to $folder"
save_log "$folder" && say "the log is saved" || say "the log is not saved"
save_memory "$folder" && say "the dump is saved" || say "the dump is not complete"
dmesg >"$folder/kexec-dmesg.log"
sync
umount /target
