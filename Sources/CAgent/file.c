#include "CAgent.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static int told(int result, const struct stat *status, struct postern_file *file) {
    if (result == 0)
        *file = (struct postern_file){
            .mode = status->st_mode,
            .owner = status->st_uid,
            .group = status->st_gid,
            .device = status->st_dev,
            .inode = status->st_ino};
    return result;
}

int postern_lstat(const char *path, struct postern_file *file) {
    struct stat status;
    return told(lstat(path, &status), &status, file);
}

int postern_fstat(int descriptor, struct postern_file *file) {
    struct stat status;
    return told(fstat(descriptor, &status), &status, file);
}

int postern_has_acl(int descriptor) {
    return fgetxattr(descriptor, "system.posix_acl_access", NULL, 0) >= 0;
}
