/* Fails every step that writes to a folder, from the n-th on and until it is called off: a full disk, a
   broken one, a read-only one. What it is to do stands in the file $SHIM_CONTROL, which all processes map. */
#include "watched.h"

struct control {
    _Atomic int64_t steps;     /* taken so far */
    _Atomic int64_t fail_from; /* the first that fails; 0 for none */
    _Atomic int64_t error;
};

static struct control *control;

__attribute__((constructor)) static void map(void) {
    const char *path = getenv("SHIM_CONTROL");
    int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED) control = mapped;
    close(descriptor);
}

/* 0 for a step that may be taken, 1 for the first that may not, 2 for any after it. */
static int refused(int watched) {
    if (!control || !watched) return 0;
    int64_t step = atomic_fetch_add(&control->steps, 1) + 1;
    int64_t from = atomic_load(&control->fail_from);
    if (!from || step < from) return 0;
    errno = (int)atomic_load(&control->error);
    return step == from ? 1 : 2;
}

/* The first write that does not fit is cut short: what a disk does whose last block it gets. */
#define SHORTENED(count) \
    int refusal = refused(is_watched(descriptor)); \
    if (refusal == 2 || (refusal == 1 && (count < 2 || errno != ENOSPC))) return -1; \
    if (refusal == 1) count /= 2

#define WRITE(name) \
    ssize_t name(int descriptor, const void *data, size_t count) { \
        REAL(ssize_t(int, const void *, size_t), #name); \
        SHORTENED(count); \
        return real(descriptor, data, count); \
    }
#define PWRITE(name) \
    ssize_t name(int descriptor, const void *data, size_t count, off_t offset) { \
        REAL(ssize_t(int, const void *, size_t, off_t), #name); \
        SHORTENED(count); \
        return real(descriptor, data, count, offset); \
    }
#define TRUNCATE(name) \
    int name(int descriptor, off_t length) { \
        REAL(int(int, off_t), #name); \
        return refused(is_watched(descriptor)) ? -1 : real(descriptor, length); \
    }
#define ALLOCATE(name) \
    int name(int descriptor, off_t offset, off_t length) { \
        REAL(int(int, off_t, off_t), #name); \
        return refused(is_watched(descriptor)) ? errno : real(descriptor, offset, length); \
    }
#define SYNC(name) \
    int name(int descriptor) { \
        REAL(int(int), #name); \
        return refused(is_watched(descriptor)) ? -1 : real(descriptor); \
    }
/* A read-only disk opens nothing for writing; a full one makes no new file. */
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int(const char *, int, ...), #name); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = flags & O_CREAT ? va_arg(rest, int) : 0; \
        va_end(rest); \
        int writes = flags & O_ACCMODE, makes = flags & O_CREAT && access(path, F_OK) != 0; \
        int read_only = control && atomic_load(&control->error) == EROFS; \
        if ((makes || (writes && read_only)) && refused(is_watched_path(path))) return -1; \
        return real(path, flags, mode); \
    }

WRITE(write)
PWRITE(pwrite)
PWRITE(pwrite64)
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)
ALLOCATE(posix_fallocate)
ALLOCATE(posix_fallocate64)
SYNC(fsync)
SYNC(fdatasync)
OPEN(open)
OPEN(open64)
