"""pyscard_rate.py READER COUNT HEX: as apdurate.c, with pyscard; prints seconds, median and p99 in µs, status word."""

import sys
from time import perf_counter

from smartcard.System import readers

name, count, command = sys.argv[1], int(sys.argv[2]), list(bytes.fromhex(sys.argv[3]))
connection = next(one for one in readers() if str(one) == name).createConnection()
connection.connect()
for _ in range(20):
    connection.transmit(command)
took = []
begin = perf_counter()
for _ in range(count):
    start = perf_counter()
    _, sw1, sw2 = connection.transmit(command)
    took.append(perf_counter() - start)
total = perf_counter() - begin
took.sort()
print(f"{total:.6f} {took[count // 2] * 1e6:.1f} {took[count * 99 // 100] * 1e6:.1f} {sw1:02X}{sw2:02X}")
connection.disconnect()
