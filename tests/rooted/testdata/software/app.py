"""Counts its visitors in redis, speaking redis' protocol (RESP 2) over a socket."""

import http.server
import os
import platform
import signal
import socket
import sys


class Redis:
  def __init__(self, host):
    self.file = socket.create_connection((host, 6379), timeout=10).makefile('rwb')

  def ask(self, *words):
    self.file.write(b'*%d\r\n' % len(words))
    for word in words:
      data = word.encode()
      self.file.write(b'$%d\r\n%s\r\n' % (len(data), data))
    self.file.flush()
    return self.reply()

  def reply(self):
    line = self.file.readline()
    kind, rest = line[:1], line[1:-2].decode()
    if kind == b'+':
      return rest
    if kind == b':':
      return int(rest)
    if kind == b'$':
      return self.file.read(int(rest) + 2)[:-2].decode()
    raise RuntimeError(f'redis says {line!r}')


class Handler(http.server.BaseHTTPRequestHandler):
  def do_GET(self):
    redis = Redis(os.environ['REDIS_HOST'])
    visit = redis.ask('INCR', 'visits')
    version = [line.split(':')[1] for line in redis.ask('INFO', 'server').splitlines()
               if line.startswith('redis_version:')][0]
    body = (f'visit {visit} of {self.path}, counted by redis {version}, '
            f'told by Python {platform.python_version()} as user {os.getuid()}\n').encode()
    self.send_response(200)
    self.send_header('Content-Length', str(len(body)))
    self.end_headers()
    self.wfile.write(body)


# The first process of a PID namespace gets only the signals that it handles.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('counting on port 8000', flush=True)
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
