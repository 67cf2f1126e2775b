-- Quarto only: the shortcode `oda` where the formats of this extension are not used, and so `by-hand.lua` has not been
-- there before it, and in titles, links and code. What it gives then has Quarto's own look.

local lookup = dofile(quarto.utils.resolve_path("lookup.lua"))

local function oda(args, _, meta, _, context)
  local words = table.concat(args:map(pandoc.utils.stringify), " ")
  local district = meta["district"] and pandoc.utils.stringify(meta["district"])
  local said = lookup.say(words, district)
  if context == "text" then return pandoc.utils.stringify(pandoc.read(said, "markdown")) end
  local blocks = lookup.show(quarto.utils.string_to_blocks(said))
  if context == "block" then return blocks end
  return lookup.inlines(blocks, words)
end

return { ["oda"] = oda }
