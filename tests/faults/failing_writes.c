/* Put before a process by LD_PRELOAD: makes the n-th write below a folder fail, as a broken or full disk does.
 *
 * Counted is all that changes what lies on a disk: writing, making durable, creating, renaming, linking,
 * cutting. A write that fails has written half of its bytes all the same, as a torn one has. Nothing is
 * counted before failing_writes_arm is called; a forked child goes on from its parent's state.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char below[PATH_MAX];
static long counted, failing;
static int error_number, lasting, trace_to = -1;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* From now on the nth operation below the folder fails with this errno, with `from_then_on` each later one
 * too; 0: none fails. Each counted operation is told to the descriptor `trace`, unless that is -1. */
void failing_writes_arm(const char *folder, long nth, int error, int from_then_on, int trace)
{
    snprintf(below, sizeof below, "%s/", folder);
    failing = nth;
    error_number = error;
    lasting = from_then_on;
    trace_to = trace;
    __atomic_store_n(&counted, 0, __ATOMIC_SEQ_CST);
}

/* How many operations were counted since. */
long failing_writes_counted(void)
{
    return __atomic_load_n(&counted, __ATOMIC_SEQ_CST);
}

/* Count an operation on a path; whether it is to fail. */
static int fails(const char *operation, const char *path)
{
    if (!below[0] || !path || strncmp(path, below, strlen(below)))
        return 0;
    long number = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
    if (trace_to >= 0) {
        char line[PATH_MAX + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", operation, path + strlen(below));
        REAL(write);
        if (real(trace_to, line, length) != length)
            trace_to = -1;
    }
    if (failing <= 0 || number < failing || (number > failing && !lasting))
        return 0;
    errno = error_number;
    return 1;
}

/* The same for an open file, by its path. */
static int fails_on(const char *operation, int file)
{
    char link[64], path[PATH_MAX];
    if (!below[0])
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int before = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length <= 0)
        return 0;
    path[length] = 0;
    return fails(operation, path);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    REAL(write);
    if (!fails_on("write", file))
        return real(file, bytes, count);
    real(file, bytes, count / 2);
    errno = error_number;
    return -1;
}

#define WRITING_AT(name, offset)                                                                                       \
    ssize_t name(int file, const void *bytes, size_t count, offset at)                                                 \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        if (!fails_on("write", file))                                                                                  \
            return real(file, bytes, count, at);                                                                       \
        real(file, bytes, count / 2, at);                                                                              \
        errno = error_number;                                                                                          \
        return -1;                                                                                                     \
    }

WRITING_AT(pwrite, off_t)
WRITING_AT(pwrite64, off64_t)

ssize_t writev(int file, const struct iovec *parts, int count)
{
    REAL(writev);
    return fails_on("write", file) ? -1 : real(file, parts, count);
}

int fsync(int file)
{
    REAL(fsync);
    return fails_on("sync", file) ? -1 : real(file);
}

int fdatasync(int file)
{
    REAL(fdatasync);
    return fails_on("sync", file) ? -1 : real(file);
}

int ftruncate(int file, off_t length)
{
    REAL(ftruncate);
    return fails_on("cut", file) ? -1 : real(file, length);
}

int ftruncate64(int file, off64_t length)
{
    REAL(ftruncate64);
    return fails_on("cut", file) ? -1 : real(file, length);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return fails("rename", to) ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    REAL(renameat);
    return fails("rename", to) ? -1 : real(from_folder, from, to_folder, to);
}

int link(const char *from, const char *to)
{
    REAL(link);
    return fails("link", to) ? -1 : real(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    REAL(linkat);
    return fails("link", to) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    return fails("create", path) ? -1 : real(path, mode);
}

/* Opening is counted only where it makes a file that isn't there. */
static int fails_to_create(const char *path, int flags)
{
    struct stat there;
    int before = errno;
    int absent = (flags & O_CREAT) && stat(path, &there);
    errno = before;
    return absent && fails("create", path);
}

#define OPENING(name)                                                                                                  \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;                                      \
        va_end(rest);                                                                                                  \
        REAL(name);                                                                                                    \
        return fails_to_create(path, flags) ? -1 : real(path, flags, mode);                                            \
    }

#define OPENING_AT(name)                                                                                               \
    int name(int folder, const char *path, int flags, ...)                                                             \
    {                                                                                                                  \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;                                      \
        va_end(rest);                                                                                                  \
        REAL(name);                                                                                                    \
        return fails_to_create(path, flags) ? -1 : real(folder, path, flags, mode);                                    \
    }

OPENING(open)
OPENING(open64)
OPENING_AT(openat)
OPENING_AT(openat64)
