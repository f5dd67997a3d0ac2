# Functions that make the way to the target again; /etc/kdive/network calls them, from the cards upwards.
card() { # NAME MAC: nothing names cards here, so that theirs is found by its address
    tries=0
    while [ $tries -lt 60 ]; do
        for device in /sys/class/net/*; do
            found=${device##*/}
            [ "$(cat "$device/address" 2>/dev/null)" = "$2" ] || continue
            [ "$found" = "$1" ] || ip link set "$found" name "$1"
            ip link set "$1" up
            return 0
        done
        tries=$((tries + 1))
        sleep 0.5
    done
    say "no network card has the address $2"
    return 1
}

bond() { # NAME MODE MIIMON CARD...
    name=$1
    echo "+$name" >/sys/class/net/bonding_masters 2>/dev/null
    echo "$2" >"/sys/class/net/$name/bonding/mode"
    echo "$3" >"/sys/class/net/$name/bonding/miimon"
    shift 3
    for card in "$@"; do
        ip link set "$card" down
        echo "+$card" >"/sys/class/net/$name/bonding/slaves"
    done
    ip link set "$name" up
}

bridge() { # NAME PORT...
    name=$1
    shift
    ip link add name "$name" type bridge
    for port in "$@"; do
        ip link set "$port" master "$name"
    done
    ip link set "$name" up
}

vlan() { # NAME BELOW ID
    ip link add link "$2" name "$1" type vlan id "$3"
    ip link set "$1" up
}

address() { # NAME ADDRESS/PREFIX
    ip addr add "$2" dev "$1"
    tries=0
    while [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" != 1 ] && [ $tries -lt 60 ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
}

gateway() { # ADDRESS NAME
    ip route add default via "$1" dev "$2"
}

ip link set lo up
