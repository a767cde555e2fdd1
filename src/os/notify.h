/*
 * The service manager's notification protocol, sd_notify(3): "READY=1", "STOPPING=1",
 * "RELOADING=1", "STATUS=..." as newline-separated assignments on the socket of $NOTIFY_SOCKET.
 */
#ifndef OS_NOTIFY_H
#define OS_NOTIFY_H

/* 1: sent. 0: no service manager asked for it. Or -errno. */
int notify_send(const char *state);

#endif
