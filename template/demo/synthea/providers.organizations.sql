-- Every organization of Synthea provides care. It gives no date: the export's newest encounter stands for it.
select
    organizations.Id as organization_id,
    organizations.NAME as name,
    'prov' as organization_type,
    ADDRESS as address_line,
    CITY as city,
    coalesce(states.code, organizations.STATE) as state,
    -- Synthea loses the leading zero of some codes.
    case when length(ZIP) < 5 then lpad(ZIP, 5, '0') else ZIP end as postal_code,
    PHONE as phone,
    (select max(STOP) from encounters) as updated_at
from organizations
left join states on states.name = organizations.STATE
