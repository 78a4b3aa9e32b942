-- In the clear: identifiers, sizes, times, counts. Sealed: names, authors, properties, checksums.
-- PostgreSQL: INTEGER PRIMARY KEY becomes BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, BLOB becomes
-- BYTEA, STRICT and WITHOUT ROWID go.

CREATE TABLE share (
  num      INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE,
  pack     INTEGER NOT NULL,          -- applied up to here
  off      INTEGER NOT NULL,
  files    INTEGER NOT NULL DEFAULT 0,
  dirs     INTEGER NOT NULL DEFAULT 0,
  removed  INTEGER NOT NULL DEFAULT 0,
  versions INTEGER NOT NULL DEFAULT 0,
  chunks   INTEGER NOT NULL DEFAULT 0,
  bytes    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE node (
  num      INTEGER PRIMARY KEY,
  share    INTEGER NOT NULL,
  file     BLOB NOT NULL,
  parent   BLOB NOT NULL,
  key      BLOB NOT NULL,             -- keyed hash of parent and NFC name
  name     BLOB NOT NULL,             -- sealed
  dir      INTEGER NOT NULL,
  created  INTEGER NOT NULL,          -- times in microseconds
  removed  INTEGER NOT NULL DEFAULT 0,
  modified INTEGER NOT NULL DEFAULT 0,
  props    BLOB,                      -- sealed
  head     INTEGER NOT NULL DEFAULT 0, -- change.num
  versions INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX node_file ON node (share, file);
CREATE UNIQUE INDEX node_shown ON node (share, parent, key) WHERE removed = 0;
CREATE INDEX node_gone ON node (share, parent, key) WHERE removed <> 0;

CREATE TABLE change (
  num      INTEGER PRIMARY KEY,
  node     INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  parent   BLOB NOT NULL,
  account  BLOB NOT NULL,
  session  BLOB NOT NULL,
  device   BLOB NOT NULL,
  sealed   BLOB NOT NULL,             -- name, author, door, checksums
  number   INTEGER NOT NULL DEFAULT 0, -- of the version; the rest is empty for other changes
  version  BLOB,
  keyver   BLOB,
  epoch    BLOB,
  size     INTEGER NOT NULL DEFAULT 0,
  modified INTEGER NOT NULL DEFAULT 0,
  equal    BLOB,
  pack     INTEGER NOT NULL DEFAULT 0,
  off      INTEGER NOT NULL DEFAULT 0,
  len      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX change_node ON change (node, num);
CREATE UNIQUE INDEX change_version ON change (version) WHERE version IS NOT NULL;

CREATE TABLE chunk (
  share INTEGER NOT NULL,
  id    BLOB NOT NULL,
  pack  INTEGER NOT NULL,
  off   INTEGER NOT NULL,
  len   INTEGER NOT NULL,
  PRIMARY KEY (share, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
  share INTEGER NOT NULL,
  id    BLOB NOT NULL,
  enc   BLOB NOT NULL,
  PRIMARY KEY (share, id)
) STRICT, WITHOUT ROWID;
