/* Keeps aside, in $SHIM_SYNCED, what a power cut would leave of a folder: the content of each file as it was
   when it was synced last, and the names in each folder likewise. What was written since is lost, and a file
   whose name was never synced is gone. With $SHIM_LIES a sync says that it has been done, and does nothing. */
#include "watched.h"

#include <dirent.h>

/* A shim that cannot do its part must not let a test pass. */
#define FAIL() (fprintf(stderr, "lost_fsync.c:%d: %s\n", __LINE__, strerror(errno)), abort())

/* A number may be used again by another file; the time it was made tells them apart. */
static void name_from(const struct statx *found, char *name, size_t size) {
    snprintf(name, size, "%s/%c%llu.%lld.%u", getenv("SHIM_SYNCED"), S_ISDIR(found->stx_mode) ? 'd' : 'f',
             (unsigned long long)found->stx_ino, (long long)found->stx_btime.tv_sec, found->stx_btime.tv_nsec);
}

static void name_of(int descriptor, char *name, size_t size) {
    struct statx found;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &found)) FAIL();
    name_from(&found, name, size);
}

/* In place and then cut to size: a kill in the midst leaves what a cut in the midst of a sync does. */
static void keep_content(int descriptor, off_t size) {
    char buffer[1 << 16];
    char name[PATH_MAX];
    name_of(descriptor, name, sizeof name);
    int kept = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (kept < 0) FAIL();
    off_t offset = 0;
    while (offset < size) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t count = pread(descriptor, buffer, sizeof buffer, offset);
        if (count < 0) {
            /* Opened for writing alone. */
            int again = open(link, O_RDONLY | O_CLOEXEC);
            count = pread(again, buffer, sizeof buffer, offset);
            close(again);
        }
        if (count <= 0) break;
        if (pwrite(kept, buffer, count, offset) != count) FAIL();
        offset += count;
    }
    if (ftruncate(kept, offset)) FAIL();
    close(kept);
}

static void keep_names(int descriptor) {
    char name[PATH_MAX], draft[PATH_MAX + 16];
    name_of(descriptor, name, sizeof name);
    snprintf(draft, sizeof draft, "%s.%d", name, gettid());
    FILE *kept = fopen(draft, "w");
    int own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = own < 0 ? NULL : fdopendir(own);
    if (!kept || !folder) FAIL();
    for (struct dirent *entry; (entry = readdir(folder));) {
        char child[PATH_MAX];
        struct statx found;
        /* By name, never opened: to close a file drops every lock that the process holds on it. */
        if (entry->d_name[0] == '.' ||
            statx(own, entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &found))
            continue;
        name_from(&found, child, sizeof child);
        fprintf(kept, "%s %o %s\n", strrchr(child, '/') + 1, found.stx_mode & 0777u, entry->d_name);
    }
    closedir(folder);
    if (fclose(kept) || rename(draft, name)) FAIL();
    /* Where to begin. */
    char link[64], path[PATH_MAX] = {0}, root[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    snprintf(root, sizeof root, "%s/root", getenv("SHIM_SYNCED"));
    if (readlink(link, path, sizeof path - 1) > 0 && strcmp(path, getenv("SHIM_FOLDER")) == 0 &&
        symlink(strrchr(name, '/') + 1, root) && errno != EEXIST)
        FAIL();
}

static int keep(int descriptor) {
    struct stat found;
    if (getenv("SHIM_LIES") || fstat(descriptor, &found)) return 0;
    if (S_ISDIR(found.st_mode)) keep_names(descriptor);
    if (S_ISREG(found.st_mode)) keep_content(descriptor, found.st_size);
    return 0;
}

int fsync(int descriptor) {
    REAL(int (int), "fsync");
    return is_watched(descriptor) ? keep(descriptor) : real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(int (int), "fdatasync");
    return is_watched(descriptor) ? keep(descriptor) : real(descriptor);
}
