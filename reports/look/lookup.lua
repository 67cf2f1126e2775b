-- For documents rendered by hand: what `{{< oda ... >}}` stands for. `oda report` has written it down in
-- `_oda/<document>.json` beside the document, for each district; nothing is worked out here.

local FOLDER = "_oda"
local lookup = {}
local page, used

-- Not `error`: in Quarto that only writes the words down, and goes on.
local function stop(what)
  assert(false, "\n\n" .. what .. "\n")
end

local function fail(what)
  local python = pandoc.path.separator == "\\" and "py" or "python3"
  stop(what .. "\nIn the pilot's folder: " .. python .. " start.py report")
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return pandoc.json.decode(text, false)
end

local function pick(pages, district, name)
  if not district then return pages[1] end
  local there = {}
  for _, one in ipairs(pages) do
    if one.district == district then return one end
    table.insert(there, one.district)
  end
  fail("There is no district '" .. district .. "' in " .. name .. ". It has: " .. table.concat(there, ", ") .. ".")
end

-- What was written down for this document, and for a district by its code or else the first; nil where nothing was.
function lookup.page(district)
  if page == nil then
    local source = quarto.doc.input_file
    local name = pandoc.path.split_extension(pandoc.path.filename(source)) .. ".json"
    local found = read(pandoc.path.join { pandoc.path.directory(source), FOLDER, name })
    page, used = found and pick(found.pages, district, FOLDER .. "/" .. name) or false, {}
  end
  return page or nil
end

-- What words stand for, as markdown; words that come twice are answered in the order of the document.
function lookup.say(words, district)
  local found = lookup.page(district)
  local shortcode = "{{< oda " .. words .. " >}}"
  if not found then fail(shortcode .. " has nothing to show: no report of this document was made yet.") end
  local key = words:gsub("[\"']", ""):gsub("%s+", " ")
  local said = found.said[key]
  if not said then fail(shortcode .. " was not in this document when its report was last made.") end
  used[key] = (used[key] or 0) + 1
  return said[math.min(used[key], #said)]
end

-- The files that the words show lie in the folder of what was written down.
function lookup.beside(path)
  if path:match("^%a[%w+.-]*:") then return path end
  return FOLDER .. "/" .. path
end

function lookup.show(blocks)
  return blocks:walk {
    Image = function(image)
      image.src = lookup.beside(image.src)
      return image
    end,
  }
end

-- Blocks as they can stand inside a line.
function lookup.inlines(blocks, words)
  if #blocks == 0 then return pandoc.Inlines {} end
  if #blocks > 1 or not (blocks[1].t == "Para" or blocks[1].t == "Plain") then
    stop("{{< oda " .. words .. " >}} is more than words. Put it on a line of its own, with an empty line around it.")
  end
  return blocks[1].content
end

return lookup
