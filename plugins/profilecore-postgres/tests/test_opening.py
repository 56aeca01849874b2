from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import sql

from profilecore.errors import StoreCorrupt, StoreError, StoreSchema, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import open_store as open_by_url
from profilecore_postgres import PostgresStore, open_store
from profilecore_postgres import schema as tables
from profilecore_postgres.links import connect, driver_options
from profilecore_postgres.settings import read_settings
from profilecore_postgres.testing import a_schema, url_of

Opened = Callable[..., PostgresStore]


def test_the_scheme_of_the_url_finds_the_store(url: str) -> None:
    store = open_by_url(url)
    assert isinstance(store, PostgresStore)
    store.close()


def test_the_options_of_the_url_are_not_sent_to_the_driver() -> None:
    found = read_settings("postgresql://u:p%40@h/d?sslmode=require&schema=a&pool_size=3", {})
    assert (found.schema, found.pool_size) == ("a", 3)
    assert found.dsn == "postgresql://u:p%40@h/d?sslmode=require"
    assert read_settings("postgres:///d?schema=a", {"schema": "b", "replica": None}).schema == "b"


def test_what_the_driver_reads_reaches_it_as_it_is_written(url: str) -> None:
    more = "&options=-c%20work_mem%3D8MB&application_name=a+b%20c"
    settings = read_settings(url + more, {})
    with closing(connect(settings, settings.dsn)) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("8MB",)
        assert connection.execute("SHOW application_name").fetchone() == ("a+b c",)


def test_a_server_that_is_cut_off_is_noticed_in_the_time_out() -> None:
    settings = read_settings("postgresql:///d", {"timeout": 12})
    told = driver_options(settings, settings.dsn)
    assert told["tcp_user_timeout"] == 12_000
    probes = told["keepalives_interval"] * told["keepalives_count"]
    assert told["keepalives_idle"] + probes == 12
    assert told["connect_timeout"] == 12


def test_what_a_host_says_of_its_network_counts() -> None:
    theirs = ("connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_count")
    query = "&".join(f"{name}=7" for name in theirs)
    settings = read_settings(f"postgresql:///d?{query}&client_encoding=latin1", {})
    told = driver_options(settings, settings.dsn)
    assert not told.keys() & set(theirs)
    assert told["client_encoding"] == "utf8"


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("sqlite:///x", {}, "postgresql://user@host"),
        ("postgresql:///d?schema=", {}, "schema"),
        ("postgresql:///d", {"schema": "x" * 64}, "63"),
        ("postgresql:///d", {"schema": "a%s"}, "per cent"),
        ("postgresql:///d?pool_size=0", {}, "pool_size"),
        ("postgresql:///d?timeout=soon", {}, "timeout"),
        ("postgresql:///d", {"kept_days": -1}, "kept_days"),
        ("postgresql:///d", {"kept_days": 9_999_999}, "kept_days"),
        ("postgresql:///d", {"kept_days": float("inf")}, "kept_days"),
        ("postgresql:///d?timeout=inf", {}, "timeout"),
        ("postgresql:///d?timeout=nan", {}, "timeout"),
        ("postgresql:///d", {"timeout": 1e10}, "timeout"),
        ("postgresql:///d?statement_timeout=inf", {}, "statement_timeout"),
        ("postgresql:///d", {"pool_size": 10**10}, "pool_size"),
        ("postgresql:///d?together=1e400", {}, "together"),
        ("postgresql:///d", {"colour": "red"}, "colour"),
        ("postgresql:///d?passwort=geheim", {}, "URL"),
        ("postgresql:///d", {"replica": "host=a passwort=geheim"}, "replica"),
    ],
)
def test_a_wrong_setting_is_named_and_no_password_is(
    url: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(StoreUnavailable, match=says) as caught:
        open_store(url, **options)
    assert "geheim" not in str(caught.value)


def test_the_largest_settings_work(opened: Opened) -> None:
    store = opened(
        timeout=86_400, statement_timeout=2_000_000, kept_days=100_000, together=1_000_000
    )
    with store.write() as writer:
        writer.put(Document("profile", "a", "a", 1, b"{}"), expect=0)
    remainder = store.remainder
    assert remainder is not None
    assert remainder.days == 100_000
    with store.read() as reader:
        assert reader.count("profile") == 1


def test_settings_and_stores_show_no_password(url: str, opened: Opened) -> None:
    assert "geheim" not in repr(read_settings("postgresql://u:geheim@h/d", {"replica": "host=a"}))
    assert repr(opened()).startswith("<PostgresStore, schema test_")


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Any) -> None:
    with pytest.raises(StoreUnavailable, match="out of reach"):
        open_store(f"postgresql:///d?host={tmp_path}", timeout=0.2)


def test_a_refused_name_is_told_from_a_missing_database(dsn: str) -> None:
    for wrong, says in (
        (dsn.replace("postgres@", "nobody_such@"), "refuses the user"),
        (dsn.replace("/postgres?", "/no_such?"), "no such database"),
    ):
        if wrong == dsn:
            pytest.skip("the DSN that was given names user and database in another way")
        with pytest.raises(StoreUnavailable, match=says):
            open_store(wrong)


def test_a_store_that_must_exist_is_not_made(dsn: str, opened: Opened) -> None:
    with a_schema(dsn) as name:
        with pytest.raises(StoreUnavailable, match="create=True"):
            open_store(url_of(dsn, name), create=False)
        store = opened(url_of(dsn, name))
        assert opened(url_of(dsn, name), create=False).salt == store.salt


def test_a_newer_schema_is_refused_and_left_alone(
    url: str, opened: Opened, schema: str, dsn: str
) -> None:
    opened()
    newer = str(len(tables.STEPS) + 1).encode()
    with psycopg.connect(dsn) as connection:
        change = sql.SQL("UPDATE {}.pc_meta SET value = %s WHERE key = 'schema'")
        connection.execute(change.format(sql.Identifier(schema)), (newer,))
    with pytest.raises(StoreSchema, match="update profilecore-postgres"):
        open_store(url)


def test_a_store_without_its_salt_is_corrupt(
    url: str, opened: Opened, schema: str, dsn: str
) -> None:
    opened()
    with psycopg.connect(dsn) as connection:
        change = sql.SQL("DELETE FROM {}.pc_meta WHERE key = 'salt'")
        connection.execute(change.format(sql.Identifier(schema)))
    with pytest.raises(StoreCorrupt, match="salt"):
        open_store(url)


def test_an_older_schema_is_brought_up_once_by_many(
    url: str, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    opened()
    steps = []

    def step(connection: Any) -> None:
        steps.append(connection.execute("SELECT pg_backend_pid()").fetchall())
        connection.execute("CREATE TABLE pc_more (n bigint)")

    monkeypatch.setattr(tables, "STEPS", (*tables.STEPS, step))
    salts = _at_once(6, lambda: opened().salt)
    assert len(steps) == 1
    assert len(set(salts)) == 1
    assert len(salts) == 6


def test_many_make_one_store(opened: Opened) -> None:
    salts = _at_once(6, lambda: opened().salt)
    assert len(salts) == 6
    assert len(set(salts)) == 1


def test_chains_in_one_database_share_nothing(dsn: str, opened: Opened) -> None:
    with a_schema(dsn) as one, a_schema(dsn) as other:
        first, second = opened(url_of(dsn, one)), opened(url_of(dsn, other))
        with first.write() as writer:
            writer.put(Document("profile", "a", "a", 1, b""), expect=0)
        with second.read() as reader:
            assert reader.get("profile", "a") is None
        assert first.salt != second.salt


def test_a_schema_may_have_any_name(dsn: str, opened: Opened) -> None:
    name = 'Kette "5 ß'
    with psycopg.connect(dsn, autocommit=True) as connection:
        drop = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))
        connection.execute(drop)
        store = opened(dsn, schema=name)
        with store.write() as writer:
            writer.insert([(Document("profile", "a", "a", 1, b""), b"")])
        assert store.check() == []
        store.close()
        connection.execute(drop)


def test_a_closed_store_says_so(opened: Opened) -> None:
    store = opened()
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.read()


def _at_once(number: int, work: Callable[[], Any]) -> list[Any]:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
