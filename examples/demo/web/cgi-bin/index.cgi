#!/bin/sh
# Asks the app, and makes a page of the answer.
told=$(timeout 5 wget -q -O - "$APP") || {
  printf 'Status: 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\napp does not answer\n'
  exit 0
}
printf 'Content-Type: text/html\r\n\r\n'
cat <<PAGE
<!DOCTYPE html>
<html lang="en">
<title>Pelagos demo</title>
<h1>Pelagos</h1>
<p>$told</p>
<p>shown by web on $(hostname)</p>
</html>
PAGE
