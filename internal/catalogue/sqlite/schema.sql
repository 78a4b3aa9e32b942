-- The books of all shares in one file. Row numbers are small and mean nothing outside.
--
-- In the clear: random identifiers, keyed hashes, places in packs, the times a node was made and removed,
-- sizes. Everything else stands in "body", sealed: names, authors, sessions, properties, checksums.
--
-- PostgreSQL: INTEGER becomes BIGINT, BLOB becomes BYTEA, STRICT and WITHOUT ROWID go. An index of a
-- SQLite table ends in the row number by itself; there "num" is added to those marked with (num).

CREATE TABLE share (
  num      INTEGER PRIMARY KEY,
  id       BLOB    NOT NULL UNIQUE,
  pack     INTEGER NOT NULL,          -- applied up to this position
  off      INTEGER NOT NULL,
  files    INTEGER NOT NULL,
  dirs     INTEGER NOT NULL,
  removed  INTEGER NOT NULL,
  versions INTEGER NOT NULL,
  chunks   INTEGER NOT NULL,
  bytes    INTEGER NOT NULL
) STRICT;

-- What happened, one row for each operation. Rows are never changed.
CREATE TABLE change (
  num     INTEGER PRIMARY KEY,        -- in the order of the packs
  share   INTEGER NOT NULL,
  node    INTEGER NOT NULL,
  actor   INTEGER NOT NULL,
  version BLOB,                       -- of a Save or Link
  origin  BLOB,                       -- the version whose key opens it, if that is another one
  body    BLOB    NOT NULL            -- sealed under the file's id, see body.go
) STRICT;

CREATE INDEX        change_node    ON change (node);                                    -- (num)
CREATE UNIQUE INDEX change_version ON change (share, version) WHERE version IS NOT NULL;
CREATE INDEX        change_origin  ON change (share, origin)  WHERE origin IS NOT NULL; -- (num)

-- What is there now, and where.
CREATE TABLE node (
  num      INTEGER PRIMARY KEY,
  share    INTEGER NOT NULL,
  file     BLOB    NOT NULL,
  parent   BLOB    NOT NULL,
  lookup   BLOB    NOT NULL,          -- keyed hash of parent and NFC name
  dir      INTEGER NOT NULL,          -- 1 for a directory
  created  INTEGER NOT NULL,          -- times are microseconds since 1970
  removed  INTEGER                    -- NULL while it is shown
) STRICT;

-- What a save alters of a node: the changes that made it what it is. These rows are short and stand close together, so that new content of
-- files here and there changes few pages.
CREATE TABLE state (
  node     INTEGER PRIMARY KEY,
  modified INTEGER,                   -- NULL: that of the head
  versions INTEGER NOT NULL,
  size     INTEGER NOT NULL,          -- of the head
  placed   INTEGER NOT NULL,          -- the change that put it where it stands, under its name
  head     INTEGER,                   -- the change that made its head
  propped  INTEGER                    -- the change that set its properties
) STRICT;

-- A name is found below its directory, though its hash alone would do: what is saved together lies together.
CREATE UNIQUE INDEX node_file  ON node (share, file);
CREATE UNIQUE INDEX node_shown ON node (share, parent, lookup)          WHERE removed IS NULL;
CREATE INDEX        node_gone  ON node (share, parent, lookup, removed) WHERE removed IS NOT NULL; -- (num)
CREATE INDEX        dir_shown  ON node (share, parent)                  WHERE removed IS NULL;     -- (num)
CREATE INDEX        dir_gone   ON node (share, parent)                  WHERE removed IS NOT NULL; -- (num)

-- Who acted: session, account, device, door and name, which many changes have in common.
CREATE TABLE actor (
  num   INTEGER PRIMARY KEY,
  share INTEGER NOT NULL,
  tag   BLOB    NOT NULL,             -- keyed hash of the body
  body  BLOB    NOT NULL,             -- sealed
  UNIQUE (share, tag)
) STRICT;

CREATE TABLE chunk (
  share INTEGER NOT NULL,
  id    BLOB    NOT NULL,
  pack  INTEGER NOT NULL,
  off   INTEGER NOT NULL,
  size  INTEGER NOT NULL,
  PRIMARY KEY (share, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
  share INTEGER NOT NULL,
  id    BLOB    NOT NULL,
  enc   BLOB    NOT NULL,
  PRIMARY KEY (share, id)
) STRICT, WITHOUT ROWID;

-- Small pictures: versions that no file has.
CREATE TABLE preview (
  share   INTEGER NOT NULL,
  shows   BLOB    NOT NULL,           -- the version whose key opens what it shows
  version BLOB    NOT NULL,
  epoch   BLOB    NOT NULL,
  length  INTEGER NOT NULL,
  pack    INTEGER NOT NULL,           -- of its manifest
  off     INTEGER NOT NULL,
  size    INTEGER NOT NULL,
  PRIMARY KEY (share, shows)
) STRICT, WITHOUT ROWID;

-- What is held, and not decided yet: mostly nothing.
CREATE TABLE held (
  share   INTEGER NOT NULL,
  version BLOB    NOT NULL,
  node    INTEGER NOT NULL,
  change  INTEGER NOT NULL,
  PRIMARY KEY (share, change)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX held_version ON held (share, version);
CREATE INDEX        held_node    ON held (node, change);
