from alphorn.dns.cache import ENTRY_OCTETS, Cache


def test_an_entry_is_kept_until_it_expires() -> None:
    cache: Cache[str] = Cache(1 << 20)
    cache.put("a", "x", expires=10, octets=1)
    assert cache.get("a", 9.9) == "x"
    assert cache.get("a", 10) is None
    assert len(cache) == 0


def test_the_least_used_go_first_when_it_is_full() -> None:
    cache: Cache[int] = Cache(100 * ENTRY_OCTETS)
    for number in range(100):
        cache.put(number, number, expires=10, octets=0)
    assert cache.get(0, 1) == 0
    cache.put("new", 1, expires=10, octets=0)
    assert cache.get(0, 1) == 0
    assert cache.get(1, 1) is None
    assert len(cache) == 100


def test_a_huge_answer_is_not_kept() -> None:
    cache: Cache[int] = Cache(100 * ENTRY_OCTETS)
    cache.put("a", 1, expires=10, octets=ENTRY_OCTETS)
    assert len(cache) == 0


def test_an_entry_that_is_replaced_is_counted_once() -> None:
    cache: Cache[int] = Cache(100 * ENTRY_OCTETS)
    for number in range(1000):
        cache.put("a", number, expires=10, octets=0)
    for number in range(99):
        cache.put(number, number, expires=10, octets=0)
    assert cache.get("a", 1) == 999
