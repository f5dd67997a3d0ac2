"""A file system finds its data damaged, and was told to stop the machine."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="fs-panic",
    disk="ext4-corrupt",
    script=("mkdir /mnt", "mount -t ext4 -o errors=panic /dev/vdb /mnt", "here", "ls -lR /mnt"),
    modules=("ext4", "crc32c_generic"),
    needs=("CONFIG_EXT4_FS",),
)
