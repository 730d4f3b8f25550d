#!/usr/bin/env python3
"""Prints `N passed, N failed, N skipped` for a `bazel test` run.

The argument is the run's --build_event_json_file: it names the test XML of every test that ran. A
test without XML, or with XML that counts no case, counts as one case with the result that Bazel saw.
Fails if nothing ran.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def results(path):
  """Yields (status, path of the test XML or None), the last attempt of each shard and run."""
  last = {}
  with open(path, encoding='utf-8') as file:
    for line in file:
      event = json.loads(line)
      if 'testResult' not in event:
        continue
      key = event['id']['testResult']
      result = event['testResult']
      xml = next((output['uri'] for output in result.get('testActionOutput', [])
                  if output['name'] == 'test.xml'), None)
      key = (key['label'], key.get('shard'), key.get('run'), key.get('configuration', {}).get('id'))
      last[key] = (result.get('status'), xml)
  for status, uri in last.values():
    yield status, urllib.parse.unquote(urllib.parse.urlparse(uri).path) if uri else None


def count(xml):
  """(passed, failed, skipped) of one test XML; all 0 if it cannot be read."""
  try:
    cases = list(ElementTree.parse(xml).getroot().iter('testcase'))
  except (OSError, ElementTree.ParseError):
    return 0, 0, 0
  failed = sum(case.find('failure') is not None or case.find('error') is not None for case in cases)
  skipped = sum(case.find('skipped') is not None or case.get('result') == 'skipped'
                for case in cases)
  return len(cases) - failed - skipped, failed, skipped


def main():
  passed = failed = skipped = 0
  for status, xml in results(sys.argv[1]):
    counts = count(xml) if xml else (0, 0, 0)
    good = status == 'PASSED'
    if sum(counts) == 0:
      counts = (1, 0, 0) if good else (0, 1, 0)
    elif not good and counts[1] == 0:  # crashed or timed out beside its cases
      counts = (counts[0], 1, counts[2])
    passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
  print(f'{passed} passed, {failed} failed, {skipped} skipped')
  return 0 if passed + failed + skipped > 0 and failed == 0 else 1


if __name__ == '__main__':
  sys.exit(main())
