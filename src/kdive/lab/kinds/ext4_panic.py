"""A file system finds its data damaged, and was told to stop the machine."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="fs-panic",
    function="__ext4_iget",
    driver=("ext4", "CONFIG_EXT4_FS"),
    disk="ext4-corrupt",
    script=("mkdir /mnt", "here", "mount -t ext4 -o errors=panic /dev/vdb /mnt"),
    modules=("ext4", "crc32c_generic"),
    needs=("CONFIG_EXT4_FS",),
)
