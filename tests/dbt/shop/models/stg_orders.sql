select * from read_csv('{{ env_var("SHOP_ORDERS") }}')
